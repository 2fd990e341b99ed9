"""Two builds of one image: the same to the byte, or which files differ and in what."""

from __future__ import annotations

import hashlib
import json
import tarfile
from typing import TYPE_CHECKING

from infra.layout import read_layout
from infra.supply.errors import Unreproducible

if TYPE_CHECKING:
    from pathlib import Path

    from infra.layout import Layout

SHOWN = 20


def compare(one: Path, other: Path) -> str:
    """The digest that both layouts share; Unreproducible lists what differs."""
    first, second = read_layout(one), read_layout(other)
    if first.digest == second.digest:
        return first.digest
    layers, others = _layers(first), _layers(second)
    found = [] if len(layers) == len(others) else [f"{len(layers)} layers against {len(others)}"]
    for number, (left, right) in enumerate(zip(layers, others, strict=False), 1):
        if left != right:
            found += [f"layer {number}: {difference}" for difference in _files(one, left, other, right)]
    if layers == others:
        found.append("the configuration (labels, variables, history)")
    more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    raise Unreproducible(
        f"two builds gave {first.digest} and {second.digest}: {'; '.join(found[:SHOWN])}{more}. Where only Debian's "
        "packages differ its archive has changed between the builds; else a step writes something of its own time, "
        "place or order."
    )


def _layers(layout: Layout) -> list[str]:
    return [str(layer["digest"]) for layer in json.loads(layout.manifest)["layers"]]


def _files(one: Path, left: str, other: Path, right: str) -> list[str]:
    before, after = _entries(one, left), _entries(other, right)
    told = []
    for name in sorted(before.keys() | after.keys()):
        if name not in before or name not in after:
            told.append(f"{name} is in one of them only")
        elif before[name] != after[name]:
            fields = before[name].keys()
            told.append(
                f"{name} differs in {', '.join(key for key in fields if before[name][key] != after[name][key])}"
            )
    return told or ["the order of its files, or their compression"]


def _entries(layout: Path, digest: str) -> dict[str, dict[str, object]]:
    with tarfile.open(layout / "blobs" / digest.replace(":", "/")) as tar:
        return {
            entry.name: {
                "time": entry.mtime,
                "mode": entry.mode,
                "kind": entry.type,
                "owner": (entry.uid, entry.gid),
                "link": entry.linkname,
                "attributes": entry.pax_headers,
                "content": _content(tar, entry),
            }
            for entry in tar
        }


def _content(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> str:
    file = tar.extractfile(entry) if entry.isreg() else None
    return hashlib.sha256(file.read()).hexdigest() if file else ""
