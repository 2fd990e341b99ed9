"""The vulnerability report: an SBOM against advisories, what is ignored and until when, and the gate."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from packageurl import PackageURL
from packaging.utils import canonicalize_name

from infra.config_errors import nearest
from infra.errors import InputError
from infra.supply import database
from infra.supply.advisories import RANKS, Advisory, Subject, match
from infra.supply.errors import GateClosed
from infra.supply.osv import Osv

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from infra.config import Config
    from infra.supply.settings import Ignored


@dataclass(frozen=True)
class Finding:
    """A package of the image that an advisory is about; `ignored` is the reason why it does not count."""

    id: str
    advisory: str
    severity: str
    package: str
    version: str
    fixed: str | None
    summary: str
    ignored: str | None = None


@dataclass(frozen=True)
class Report:
    """What was found, worst first, and where the advisories come from."""

    image: str
    source: str
    packages: int
    fail_on: str
    findings: tuple[Finding, ...]
    unused: tuple[str, ...]

    @property
    def stopping(self) -> list[Finding]:
        """What closes the gate."""
        least = RANKS.index(self.fail_on) if self.fail_on in RANKS else len(RANKS)
        return [one for one in self.findings if not one.ignored and RANKS.index(one.severity) >= least]

    def to_dict(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self) | {"stopping": [one.id for one in self.stopping]}

    def to_markdown(self) -> str:
        """For people."""
        counts = ", ".join(
            f"{number} {rank}"
            for rank in reversed(RANKS)
            if (number := sum(one.severity == rank and not one.ignored for one in self.findings))
        )
        lines = [
            f"## {counts or 'No known vulnerabilities'} in {self.packages} packages",
            "",
            f"Image `{self.image}`; {self.source}; the gate closes at {self.fail_on}.",
        ]
        if self.findings:
            lines += ["", "| id | severity | package | version | mended in | |", "|---|---|---|---|---|---|"]
            lines += [
                f"| {one.id} | {one.severity} | {one.package} | {one.version} | {one.fixed or 'not yet'} "
                f"| {f'ignored: {one.ignored}' if one.ignored else one.summary.replace('|', '/')} |"
                for one in self.findings
            ]
        lines += [""] * bool(self.unused) + [f"- {one}" for one in self.unused]
        return "\n".join(lines) + "\n"

    def gate(self) -> None:
        """GateClosed that names what stops the image."""
        if not self.stopping:
            return
        named = "; ".join(
            f"{one.id} ({one.severity}) in {one.package} {one.version}"
            + (f", mended in {one.fixed}" if one.fixed else ", not mended yet")
            for one in self.stopping[:20]
        )
        more = f"; and {len(self.stopping) - 20} more" if len(self.stopping) > 20 else ""
        raise GateClosed(
            f"{len(self.stopping)} vulnerabilities of severity {self.fail_on} or worse: {named}{more}. Build the image "
            "anew for mended packages, or say with [[vulnerabilities.ignore]] in slipway.toml why one does not matter "
            "and until when."
        )


def scan(sbom: dict[str, Any], config: Config, folder: Path | None, fail_on: str | None, now: datetime) -> Report:
    """Look up every package of an SBOM, in `folder` if given, else at OSV; refuses ignores that are over first."""
    rules = config.settings.vulnerabilities
    _refuse_expired(config, now)
    subjects = subjects_of(sbom)
    if folder:
        advisories = database.read(folder)
        age = database.check(advisories, subjects, rules.max_age_days, now)
        source = f"database of {len(advisories):,} advisories, {age}"
    else:
        advisories, source = (
            Osv(rules.osv).about(subjects),
            f"asked {rules.osv} on {now.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
        )
    used: set[Ignored] = set()
    findings = _findings(advisories, subjects, rules.ignore, used)
    unused = tuple(
        f"{config.where('vulnerabilities', 'ignore', index)} ({one.id}) matches nothing in this image: remove it"
        for index, one in enumerate(rules.ignore)
        if one not in used
    )
    image = str(sbom["metadata"]["component"].get("version", ""))
    return Report(image, source, len(subjects), fail_on or rules.fail_on, tuple(findings), unused)


def severity(word: str) -> str:
    """A severity as the command line gives it; InputError lists the known ones."""
    known = ("none", *RANKS)
    if word not in known:
        raise InputError(
            f"{word!r} is not a severity to fail on; write one of: {', '.join(known)}{nearest(word, known)}."
        )
    return word


def subjects_of(sbom: dict[str, Any]) -> list[Subject]:
    """Every package of an SBOM that advisories can be about: Debian's by source, Python's by name."""
    found = set()
    for component in sbom.get("components", ()):
        if not component.get("purl"):
            continue
        purl = PackageURL.from_string(component["purl"])
        if purl.type == "pypi":
            found.add(Subject("PyPI", canonicalize_name(purl.name), purl.version or ""))
        elif purl.type == "deb":
            qualifiers: dict[str, str] = dict(purl.qualifiers) if isinstance(purl.qualifiers, dict) else {}
            source, _, version = qualifiers.get("upstream", purl.name).partition("@")
            release = qualifiers.get("distro", "").rpartition("-")[2]
            found.add(Subject(f"Debian:{release}", source, version or purl.version or ""))
    return sorted(found, key=lambda one: (one.ecosystem, one.name, one.version))


def _findings(
    advisories: Sequence[Advisory], subjects: Sequence[Subject], ignores: Sequence[Ignored], used: set[Ignored]
) -> list[Finding]:
    by_name: dict[tuple[str, str], list[Advisory]] = {}
    for advisory in advisories:
        for key in {(one.ecosystem, one.name) for one in advisory.affected}:
            by_name.setdefault(key, []).append(advisory)
    found: dict[tuple[str, str], Finding] = {}
    for subject in subjects:
        for advisory in by_name.get((subject.ecosystem, subject.name), ()):
            hit = match(advisory, subject)
            if hit is None:
                continue
            ignored = _ignored(ignores, advisory, subject)
            used |= {ignored} if ignored else set()
            one = Finding(
                advisory.cve,
                advisory.id,
                hit[0].severity,
                subject.name,
                subject.version,
                hit[1],
                advisory.summary,
                ignored.reason if ignored else None,
            )
            # Several databases tell of one flaw: the worst rating counts.
            before = found.get((one.id, one.package))
            if before is None or RANKS.index(one.severity) > RANKS.index(before.severity):
                found[one.id, one.package] = one
    return sorted(found.values(), key=lambda one: (-RANKS.index(one.severity), one.package, one.id))


def _ignored(ignores: Sequence[Ignored], advisory: Advisory, subject: Subject) -> Ignored | None:
    fitting = (one for one in ignores if one.id in advisory.names and one.package in (None, subject.name))
    return next(fitting, None)


def _refuse_expired(config: Config, now: datetime) -> None:
    over = [
        f"{config.where('vulnerabilities', 'ignore', index)} ignores {one.id} until {one.expires} ({one.reason}), and "
        "that is over: look whether it is mended, and remove the entry or give it a new day"
        for index, one in enumerate(config.settings.vulnerabilities.ignore)
        if one.expires < now.date()
    ]
    if over:
        raise GateClosed(".\n".join(over) + ".")
