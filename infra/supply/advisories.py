"""Advisories in the OSV format, and whether a version is affected.

Source: Open Source Vulnerability format, "Evaluation" and the fields of `affected` (ossf.github.io/osv-schema).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cvss import CVSS2, CVSS3, CVSS4
from cvss.exceptions import CVSSError
from debian.debian_support import NativeVersion
from packaging.utils import canonicalize_name
from packaging.version import Version

from infra.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

RANKS = ("unknown", "low", "medium", "high", "critical")
_WORDS = {"moderate": "medium", "important": "high", "unimportant": "low", "negligible": "low"} | {
    word: word for word in RANKS
}
_VECTORS = {"CVSS_V2": CVSS2, "CVSS_V3": CVSS3, "CVSS_V4": CVSS4}


@dataclass(frozen=True)
class Subject:
    """What an advisory can be about: a source package of Debian, or a distribution of PyPI."""

    ecosystem: str
    name: str
    version: str


@dataclass(frozen=True)
class Affected:
    """One package of an advisory: versions that are listed, and ranges of (event, version) in order."""

    ecosystem: str
    name: str
    versions: frozenset[str]
    ranges: tuple[tuple[tuple[str, str], ...], ...]
    severity: str


@dataclass(frozen=True)
class Advisory:
    """One record; `names` are its id and all other names of the same flaw."""

    id: str
    names: frozenset[str]
    summary: str
    modified: datetime | None
    affected: tuple[Affected, ...]

    @property
    def cve(self) -> str:
        """The name that people know it by."""
        return min((name for name in self.names if name.startswith("CVE-")), default=self.id)


def parse(record: Any, where: str) -> Advisory | None:
    """An OSV record, None if it was withdrawn; InputError names the file or address it came from."""
    try:
        if record.get("withdrawn"):
            return None
        names = {record["id"], *record.get("aliases", ()), *record.get("upstream", ())}
        modified = record.get("modified")
        return Advisory(
            record["id"],
            frozenset(map(str, names)),
            str(record.get("summary") or record.get("details") or "").strip().split("\n")[0][:200],
            datetime.fromisoformat(modified) if modified else None,
            tuple(_affected(one, record) for one in record.get("affected", ()) if "package" in one),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"{where} holds a record that is not in the OSV format ({type(error).__name__}: {error}); fetch the "
            "database again."
        ) from None


def _affected(one: Any, record: Any) -> Affected:
    package = one["package"]
    name = str(package["name"])
    ranges = tuple(
        tuple((kind, str(version)) for event in span["events"] for kind, version in event.items())
        for span in one.get("ranges", ())
        if span["type"] != "GIT"
    )
    return Affected(
        str(package["ecosystem"]),
        canonicalize_name(name) if package["ecosystem"] == "PyPI" else name,
        frozenset(map(str, one.get("versions", ()))),
        ranges,
        severity(one, record),
    )


def severity(affected: Any, record: Any) -> str:
    """The worst CVSS rating of the package's entry or the record's; else a word of the database; else unknown."""
    scores = [
        _VECTORS[entry["type"]](entry["score"]).scores()[0]
        for entry in (*affected.get("severity", ()), *record.get("severity", ()))
        if entry["type"] in _VECTORS and _readable(entry)
    ]
    if scores:
        return _rating(float(max(scores)))
    said = (
        affected.get("ecosystem_specific", {}).get("severity"),
        affected.get("database_specific", {}).get("severity"),
        record.get("database_specific", {}).get("severity"),
        affected.get("ecosystem_specific", {}).get("urgency"),
    )
    return next((_WORDS[word.lower()] for word in said if isinstance(word, str) and word.lower() in _WORDS), "unknown")


def _readable(entry: Any) -> bool:
    try:
        _VECTORS[entry["type"]](entry["score"])
    except CVSSError:
        return False
    return True


def _rating(score: float) -> str:
    """The qualitative rating scale of CVSS v3.1 and v4.0, section 5 and 6; 0 is not rated higher than low."""
    return next(
        rank for rank, least in (("critical", 9.0), ("high", 7.0), ("medium", 4.0), ("low", 0.0)) if score >= least
    )


def ordered(ecosystem: str, version: str) -> Any:
    """A version that compares as its ecosystem's own tools do; ValueError if it is none."""
    return NativeVersion(version) if ecosystem.startswith("Debian") else Version(version)


def match(advisory: Advisory, subject: Subject) -> tuple[Affected, str | None] | None:
    """The entry by which `subject` is affected and the first version that mends it; None if it is not affected."""
    for one in advisory.affected:
        if (one.ecosystem, one.name) != (subject.ecosystem, subject.name):
            continue
        try:
            hit, fixed = _in_ranges(one, subject)
        except ValueError:
            # A version that cannot be compared proves nothing: it counts as affected.
            hit, fixed = True, None
        if hit or subject.version in one.versions:
            return one, fixed
    return None


def _in_ranges(one: Affected, subject: Subject) -> tuple[bool, str | None]:
    version = ordered(subject.ecosystem, subject.version)
    hit, mended = False, []
    for span in one.ranges:
        hit |= _in(span, version, subject.ecosystem)
        fixes = (event for kind, event in span if kind == "fixed")
        mended += [event for event in fixes if ordered(subject.ecosystem, event) > version]
    return hit, min(mended, key=lambda event: ordered(subject.ecosystem, event), default=None)


def _in(span: Iterable[tuple[str, str]], version: Any, ecosystem: str) -> bool:
    inside = False
    events = [(kind, None if event == "0" else ordered(ecosystem, event)) for kind, event in span if kind != "limit"]
    # `introduced: 0` is before every version; at equal versions the introduction comes first.
    for kind, event in sorted(events, key=lambda one: (one[1] is not None, one[1], one[0] != "introduced")):
        if kind == "introduced" and (event is None or version >= event):
            inside = True
        elif (kind == "fixed" and (event is None or version >= event)) or (
            kind == "last_affected" and (event is None or version > event)
        ):
            inside = False
    return inside
