"""The files that the engine and the registry read."""

import json
import tomllib

import pytest

from engine import configuration, registry, supervisor
from engine.configuration import GB
from engine.instance import Instance, from_environment


@pytest.mark.parametrize(
    ("disk", "largest", "free"),
    [(50 * GB, 15 * GB, 5 * GB), (256 * GB, 51.2 * GB, 20 * GB), (4000 * GB, 60 * GB, 20 * GB)],
)
def test_the_cache_is_bounded(disk: int, largest: float, free: float) -> None:
    limits = configuration.garbage_collection(disk)
    assert limits["maxUsedSpace"] == int(largest)
    assert limits["minFreeSpace"] == int(free)
    assert int(limits["reservedSpace"]) < int(limits["maxUsedSpace"])


def test_engine_json_sends_docker_io_to_our_registry() -> None:
    instance = from_environment({"SLIPWAY_ENGINE_INSTANCE": "tests"})
    settings = json.loads(configuration.engine_json(instance, 100 * GB))
    assert settings["registries"]["docker.io"]["mirrors"] == [instance.registry]
    assert settings["registries"][instance.registry] == {"http": True}
    # The engine refuses unknown keys (engine/config/load.go, DisallowUnknownFields).
    assert set(settings) <= {"logLevel", "gc", "security", "registries"}
    assert set(settings["gc"]) <= {
        "enabled", "reservedSpace", "maxUsedSpace", "minFreeSpace", "sweepSize", "policies",
    }  # fmt: skip


def test_containers_get_a_control_group_of_the_instance() -> None:
    parsed = tomllib.loads(configuration.engine_toml(Instance()))
    assert parsed["worker"]["oci"]["defaultCgroupParent"] == "/slipway-engine-default"


def test_the_registry_listens_on_the_loopback_interface_alone() -> None:
    instance = Instance(registry_port=6001)
    settings = json.loads(registry.configuration(instance))
    assert settings["http"]["addr"] == "127.0.0.1:6001"
    assert settings["storage"]["filesystem"]["rootdirectory"].startswith(str(instance.home))


def test_the_engine_gets_proxies_but_no_secrets_of_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.sdks.digests", lambda: {"DAGGER_GO_SDK_MANIFEST_DIGEST": "sha256:1"})
    shell = {
        "HTTPS_PROXY": "http://proxy:1",
        "no_proxy": "x",
        "AWS_SECRET_ACCESS_KEY": "s",
        "DAGGER_SESSION_TOKEN": "t",
        "HOME": "/root",
    }
    kept = supervisor.engine_environment(shell)
    assert set(kept) == {"HTTPS_PROXY", "no_proxy", "HOME", "PATH", "DAGGER_GO_SDK_MANIFEST_DIGEST"}


def test_the_engine_runs_in_namespaces_of_its_own_and_dies_with_its_supervisor() -> None:
    command = supervisor.engine_command(Instance())
    assert command[:3] == ["setpriv", "--pdeathsig", "KILL"]
    assert {"--mount", "--pid", "--kill-child=KILL"} <= set(command)
