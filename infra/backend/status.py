"""What is live of the backend, and where clients reach it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.backend.names import ALIAS, KINDS, Names
from infra.backend.release import Live, live

if TYPE_CHECKING:
    from infra.cloud import Cloud


@dataclass(frozen=True)
class Status:
    """Of one environment; ``addresses`` are empty where an API of that name does not exist."""

    environment: str
    functions: dict[str, Live]
    addresses: dict[str, str]

    def to_markdown(self) -> str:
        """A table for people."""
        rows = [f"## backend of {self.environment}", "", "| function | version | before | code | since | address |"]
        rows.append("|---|---|---|---|---|---|")
        rows += [
            f"| `{name}` | {one.version} | {one.before or 'none'} | `{one.sha256[:12]}` | {one.modified[:19]} "
            f"| {self.addresses.get(name) or 'no API'} |"
            for name, one in self.functions.items()
        ]
        return "\n".join(rows) + "\n"


def status(cloud: Cloud, environment: str, names: Names) -> Status:
    """Both functions; InputError where there are none."""
    found = {names.function(kind): live(cloud.functions, names.function(kind)) for kind in KINDS}
    apis = {api["Name"]: api for page in cloud.apis.get_paginator("get_apis").paginate() for api in page["Items"]}
    addresses = {}
    for kind in KINDS:
        name = names.function(kind)
        if name in apis:
            # The local cloud's gateway knows an API by the first part of the path.
            own = f"http://localhost:4567/{apis[name]['ApiId']}"
            base = own if cloud.local else apis[name]["ApiEndpoint"]
            addresses[name] = base if kind == "http" else f"{base.replace('http://', 'ws://')}/{ALIAS}"
    return Status(environment, found, addresses)
