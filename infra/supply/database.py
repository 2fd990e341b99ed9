"""Advisories from a folder: OSV's dumps (`all.zip` of an ecosystem, or single records), Debian's security tracker."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from infra.errors import InputError
from infra.supply.advisories import Advisory, Subject, parse
from infra.supply.errors import AdvisoriesUnusable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

RELEASES = {"bookworm": "Debian:12", "trixie": "Debian:13", "forky": "Debian:14"}


def read(folder: Path) -> list[Advisory]:
    """All advisories of `folder`; InputError if there is none or a file is damaged."""
    found = [parse(record, where) for where, content in _files(folder) for record in _records(content)]
    advisories = [one for one in found if one]
    if not advisories:
        raise InputError(
            f"{folder} holds no advisories; put OSV's all.zip of PyPI and Debian there, or data/json of Debian's "
            "security tracker as a .json file."
        )
    return advisories


def check(advisories: Sequence[Advisory], subjects: Sequence[Subject], max_age_days: int, today: datetime) -> str:
    """How old they are, for people; AdvisoriesUnusable if too old, or if they miss a whole ecosystem."""
    known = {one.ecosystem for advisory in advisories for one in advisory.affected}
    if missing := sorted({subject.ecosystem for subject in subjects} - known):
        raise AdvisoriesUnusable(
            f"the database has no advisory for {' and '.join(missing)}, so it says nothing about those packages of the "
            "image; add OSV's all.zip of that ecosystem to the folder."
        )
    newest = max((one.modified for one in advisories if one.modified), default=None)
    if newest is None:
        return "of unknown age: Debian's tracker writes no dates"
    age = (today - newest.astimezone(UTC)).days
    if age > max_age_days:
        raise AdvisoriesUnusable(
            f"the newest entry of the database is of {newest:%Y-%m-%d}, {age} days ago, and at most {max_age_days} are "
            "allowed (vulnerabilities.max_age_days); fetch it again."
        )
    return f"newest entry {newest:%Y-%m-%d}, {max(age, 0)} days old"


def _files(folder: Path) -> Iterator[tuple[str, Any]]:
    try:
        for path in sorted(folder.rglob("*")):
            if path.suffix == ".zip":
                with zipfile.ZipFile(path) as archive:
                    for name in archive.namelist():
                        if name.endswith(".json"):
                            yield f"{path.name}/{name}", _json(archive.read(name), f"{path.name}/{name}")
            elif path.suffix == ".json" and path.is_file():
                yield path.name, _json(path.read_bytes(), path.name)
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(f"the database in {folder} cannot be read ({error}); fetch it again.") from None


def _json(data: bytes, where: str) -> Any:
    try:
        return json.loads(data)
    except ValueError as error:
        raise InputError(f"{where} of the database is not JSON ({error}); fetch it again.") from None


def _records(content: Any) -> Iterator[Any]:
    if isinstance(content, list):
        yield from content
    elif isinstance(content, dict) and "id" not in content and content:
        yield from _tracker(content)
    else:
        yield content


def _tracker(content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The security tracker's `{package: {CVE: {releases: {trixie: {status, fixed_version, urgency}}}}}` as OSV."""
    for package, flaws in content.items():
        for flaw, told in flaws.items() if isinstance(flaws, dict) else ():
            affected = [
                {
                    "package": {"ecosystem": RELEASES[release], "name": package},
                    "ranges": [{"type": "ECOSYSTEM", "events": _events(state)}],
                    "ecosystem_specific": {"urgency": state.get("urgency", "")},
                }
                for release, state in told.get("releases", {}).items()
                if release in RELEASES
            ]
            yield {"id": flaw, "summary": told.get("description", ""), "affected": affected}


def _events(state: dict[str, Any]) -> list[dict[str, str]]:
    fixed = state.get("fixed_version") if state.get("status") == "resolved" else None
    if fixed == "0":
        # Never affected.
        return []
    return [{"introduced": "0"}, *([{"fixed": fixed}] if fixed else [])]
