"""What `python -m infra backend` does with its arguments."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

from infra.errors import InputError
from infra.result import tell

if TYPE_CHECKING:
    import argparse

    from infra.config import Config
    from infra.progress import Progress


def backend(args: argparse.Namespace, config: Config, progress: Progress) -> None:
    """Deploy the functions in front of the endpoint, take them back, or show them."""
    from infra.backend import release  # noqa: PLC0415
    from infra.backend.code import pack  # noqa: PLC0415
    from infra.backend.names import Names  # noqa: PLC0415
    from infra.backend.status import status  # noqa: PLC0415
    from infra.cloud import Cloud  # noqa: PLC0415
    from infra.release.names import place  # noqa: PLC0415

    where = place(config, args.env)
    names = Names.of(where)
    code = pack(args.code) if args.action == "deploy" else None
    cloud = Cloud.from_environment(where.region)
    cloud.check_credentials(timedelta())
    if args.action == "destroy":
        if not cloud.local:
            raise InputError(
                f"functions and APIs of {where.environment} belong to its stack; remove [environments."
                f"{where.environment}.front] from slipway.toml and deploy the stacks."
            )
        from infra.localcloud.front import remove  # noqa: PLC0415

        gone = remove(cloud, names)
        done = release.Outcome("removed", where.environment, notes=gone or ["there was nothing to remove"])
    elif code is not None:
        if cloud.local:
            from infra.localcloud.front import ensure  # noqa: PLC0415

            ensure(cloud, names, config.settings.project)
        done = release.deploy(cloud, where.environment, names, code, progress)
    elif args.action == "rollback":
        done = release.rollback(cloud, where.environment, names, progress)
    else:
        found = status(cloud, where.environment, names)
        return tell(args, asdict(found), found.to_markdown())
    return tell(args, asdict(done), done.to_markdown())
