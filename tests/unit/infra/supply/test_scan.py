"""The vulnerability report: the same findings from OSV over HTTP and from a folder; gates, ignores, bad databases."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from infra.config import Config
from infra.errors import InputError
from infra.supply.errors import AdvisoriesUnusable, GateClosed
from infra.supply.inventory import take
from infra.supply.sbom import bill
from infra.supply.scan import Report, scan, severity
from tests.unit.infra.supply.made_advisories import EXPECTED, MADE, osv, record

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture
def sbom(root: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(bill(take(root), "slipway", f"sha256:{'1' * 64}"))
    return loaded


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The made advisories as OSV publishes them: one archive an ecosystem."""
    folder = tmp_path / "database"
    folder.mkdir()
    for ecosystem in ("PyPI", "Debian"):
        with zipfile.ZipFile(folder / f"{ecosystem}.zip", "w") as archive:
            for one in MADE:
                if one["affected"][0]["package"]["ecosystem"].startswith(ecosystem):
                    archive.writestr(f"{one['id']}.json", json.dumps(one))
    return folder


def found(report: Report) -> dict[str, str]:
    return {one.id: one.severity for one in report.findings}


def ignore(id: str, expires: str = "2026-11-21", more: str = "") -> str:
    return f'[[vulnerabilities.ignore]]\nid = "{id}"\nreason = "never called"\nexpires = {expires}\n{more}'


def test_a_folder_of_osv_s_archives(sbom: dict[str, Any], folder: Path, configured: Callable[[str], Config]) -> None:
    report = scan(sbom, configured(""), folder, None, NOW)
    assert found(report) == EXPECTED
    assert report.findings[0].fixed == "3.5.1-1+deb13u1"
    assert "newest entry 2026-11-20, 0 days old" in report.to_markdown()


def test_osv_over_http(sbom: dict[str, Any], configured: Callable[[str], Config]) -> None:
    with osv() as url:
        report = scan(sbom, configured(f'[vulnerabilities]\nosv = "{url}"\n'), None, None, NOW)
    assert found(report) == EXPECTED
    assert f"asked {url} on 2026-11-21" in report.to_markdown()


@pytest.mark.parametrize(
    ("fail_on", "stopping"),
    [
        ("critical", 1),
        ("high", 1),
        ("medium", 2),
        ("low", 2),
        ("unknown", 3),
        ("none", 0),
    ],
)
def test_the_gate_closes_at_a_severity(
    sbom: dict[str, Any], folder: Path, configured: Callable[[str], Config], fail_on: str, stopping: int
) -> None:
    report = scan(sbom, configured(""), folder, fail_on, NOW)
    assert len(report.stopping) == stopping
    if stopping:
        with pytest.raises(GateClosed, match=r"CVE-2026-1 \(critical\) in openssl 3\.5\.1-1, mended in 3\.5\.1-1\+deb"):
            report.gate()
    else:
        report.gate()


def test_the_severity_of_slipway_toml_holds_unless_another_is_given(
    sbom: dict[str, Any], folder: Path, configured: Callable[[str], Config]
) -> None:
    config = configured('[vulnerabilities]\nfail_on = "medium"\n')
    assert len(scan(sbom, config, folder, None, NOW).stopping) == 2
    assert len(scan(sbom, config, folder, "critical", NOW).stopping) == 1


def test_an_unknown_severity_is_told() -> None:
    with pytest.raises(InputError, match="did you mean critical"):
        severity("critcal")


def test_what_is_ignored_stays_in_the_report(
    sbom: dict[str, Any], folder: Path, configured: Callable[[str], Config]
) -> None:
    report = scan(sbom, configured(ignore("CVE-2026-1")), folder, None, NOW)
    report.gate()
    assert "ignored: never called" in report.to_markdown()
    assert not report.unused


def test_an_ignore_for_another_package_does_not_count(
    sbom: dict[str, Any], folder: Path, configured: Callable[[str], Config]
) -> None:
    report = scan(sbom, configured(ignore("CVE-2026-1", more='package = "gnutls28"\n')), folder, None, NOW)
    assert report.stopping
    assert "line 6: vulnerabilities.ignore[1] (CVE-2026-1) matches nothing" in report.to_markdown()


def test_an_ignore_that_is_over_fails_with_its_line(
    sbom: dict[str, Any], folder: Path, configured: Callable[[str], Config]
) -> None:
    config = configured(ignore("CVE-2026-4", "2026-11-21") + ignore("CVE-2026-1", "2026-11-20"))
    with pytest.raises(GateClosed) as closed:
        scan(sbom, config, folder, "none", NOW)
    assert "slipway.toml line 10: vulnerabilities.ignore[2] ignores CVE-2026-1 until 2026-11-20" in str(closed.value)
    assert "CVE-2026-4" not in str(closed.value)


def test_an_old_database_is_refused(sbom: dict[str, Any], folder: Path, configured: Callable[[str], Config]) -> None:
    later = datetime(2026, 11, 29, tzinfo=UTC)
    with pytest.raises(AdvisoriesUnusable, match=r"of 2026-11-20, 8 days ago, and at most 7"):
        scan(sbom, configured(""), folder, None, later)
    scan(sbom, configured("[vulnerabilities]\nmax_age_days = 8\n"), folder, None, later)


def test_a_database_that_misses_an_ecosystem_is_refused(
    sbom: dict[str, Any], folder: Path, configured: Callable[[str], Config]
) -> None:
    (folder / "Debian.zip").unlink()
    with pytest.raises(AdvisoriesUnusable, match="no advisory for Debian:13"):
        scan(sbom, configured(""), folder, None, NOW)


@pytest.mark.parametrize("kind", ["empty", "not JSON", "no archive", "no record"])
def test_a_damaged_database_is_told(
    sbom: dict[str, Any], tmp_path: Path, configured: Callable[[str], Config], kind: str
) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    match kind:
        case "not JSON":
            (folder / "x.json").write_text("{")
        case "no archive":
            (folder / "all.zip").write_bytes(b"PK nothing")
        case "no record":
            (folder / "x.json").write_text('{"id": "X-1", "affected": [{"package": 7}]}')
    with pytest.raises(InputError):
        scan(sbom, configured(""), folder, None, NOW)


@pytest.mark.parametrize("kind", ["away", "error", "forgets"])
def test_an_osv_that_does_not_answer_fails_the_scan(
    sbom: dict[str, Any], configured: Callable[[str], Config], kind: str
) -> None:
    with osv(status=400 if kind == "error" else 200, forgets=kind == "forgets") as url:
        config = configured(f'[vulnerabilities]\nosv = "{"http://127.0.0.1:9" if kind == "away" else url}"\n')
        with pytest.raises(AdvisoriesUnusable, match="--database"):
            scan(sbom, config, None, "none", NOW)


def test_debian_s_tracker_is_understood(
    sbom: dict[str, Any], tmp_path: Path, configured: Callable[[str], Config]
) -> None:
    folder = tmp_path / "tracker"
    folder.mkdir()

    def state(**told: str) -> dict[str, Any]:
        return {"description": "made up", "releases": {"trixie": told, "bookworm": {"status": "open"}}}

    tracker = {
        "openssl": {
            "CVE-2026-10": state(status="resolved", fixed_version="3.5.1-2", urgency="high"),
            "CVE-2026-11": state(status="resolved", fixed_version="3.5.1-1", urgency="high"),
            "CVE-2026-12": state(status="resolved", fixed_version="0", urgency="high"),
        },
        "glibc": {"CVE-2026-13": state(status="open", urgency="unimportant")},
    }
    (folder / "data.json").write_text(json.dumps(tracker))
    (folder / "pypi.json").write_text(json.dumps([record("PYSEC-1", "PyPI", "other", {"introduced": "0"})]))
    report = scan(sbom, configured(""), folder, None, NOW)
    assert found(report) == {"CVE-2026-10": "high", "CVE-2026-13": "low"}
