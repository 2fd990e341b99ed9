"""The engine's configuration files (engine/config/config.go and buildkitd's TOML in Dagger v0.19.10)."""

import json

from engine.instance import Instance

GB = 10**9


def garbage_collection(disk: int) -> dict[str, int | str]:
    """Limits of the engine's cache.

    A fifth of the disk, but neither less than the pipeline's own 15 GB nor more than 60 GB; a tenth of the disk, 20 GB
    at most, is left free for others. What is used last goes last.

    Args:
        disk: size of the disk in bytes.
    """
    largest = min(max(disk // 5, 15 * GB), 60 * GB)
    return {
        "maxUsedSpace": largest,
        "reservedSpace": largest // 4,
        "minFreeSpace": min(disk // 10, 20 * GB),
        # Each sweep frees a good part, so that it does not run after every step of a full cache.
        "sweepSize": "20%",
    }


def engine_json(instance: Instance, disk: int) -> str:
    """Contents of /etc/dagger/engine.json."""
    return json.dumps(
        {
            "logLevel": "info",
            "gc": garbage_collection(disk),
            "registries": {
                "docker.io": {"mirrors": [instance.registry]},
                instance.registry: {"http": True},
            },
        },
        indent=1,
    )


def engine_toml(instance: Instance) -> str:
    """What only buildkitd's file can say: the control group above all containers, by which they are found again."""
    return f'[worker.oci]\n  defaultCgroupParent = "/{instance.cgroup}"\n'
