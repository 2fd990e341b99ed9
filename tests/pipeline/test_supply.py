"""What is in the image and who says so, as a person asks for it: the real image, the real registry, a key."""

import json
import re
import subprocess
from typing import Any

import pytest

from tests.pipeline.project import Project
from tests.unit.infra.supply.made_advisories import CRITICAL, record

pytestmark = pytest.mark.timeout(1800)
MOCK = "--mock"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with a pair of keys of its own; it publishes, and makes no endpoint."""
    made = Project.make(tmp_path_factory.mktemp("project"))
    for words in (
        ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "slipway.key"],
        ["pkey", "-in", "slipway.key", "-pubout", "-out", "slipway.pub"],
    ):
        subprocess.run(["openssl", *words], cwd=made.path, check=True, capture_output=True)
    return made


@pytest.fixture(scope="module")
def sbom(project: Project) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(project.call("supply", MOCK, "sbom", "contents"))
    return loaded


def test_the_sbom_lists_what_notice_lists(project: Project, sbom: dict[str, Any]) -> None:
    notice = (project.path / "NOTICE").read_text()
    noticed = dict(re.findall(r"^  ([a-z0-9-]+) {2,}(.+?)(?: \(.*\))?$", notice, re.MULTILINE))
    listed = {
        one["name"]: " AND ".join(each.get("expression") or each["license"]["id"] for each in one["licenses"])
        for one in sbom["components"]
        if one.get("purl", "").startswith("pkg:pypi/")
    }
    assert listed == noticed


def test_the_sbom_lists_debian_s_packages_the_model_and_the_code(sbom: dict[str, Any]) -> None:
    debian = {one["name"] for one in sbom["components"] if one.get("purl", "").startswith("pkg:deb/debian/")}
    assert {"libc6", "libstdc++6", "python3", "ca-certificates"} <= debian
    kinds = {one["type"] for one in sbom["components"]}
    assert {"machine-learning-model", "application"} <= kinds


def test_the_licences_of_the_image_pass(project: Project) -> None:
    told = project.call("supply", MOCK, "licenses", "file", "--path", "licenses.md", "contents")
    assert "| numpy |" in told
    assert "refused" not in told


def test_a_scan_that_reaches_nobody_fails(project: Project) -> None:
    (project.path / "away.toml").write_text(
        (project.path / "slipway.toml").read_text() + '\n[vulnerabilities]\nosv = "http://127.0.0.1:9"\n'
    )
    said = project.refused("--config", "away.toml", "supply", MOCK, "scan", "entries")
    assert "http://127.0.0.1:9/v1/querybatch could not be reached" in said


def test_a_scan_with_a_database_closes_its_gate(project: Project) -> None:
    folder = project.path / "advisories"
    folder.mkdir()
    made = [
        record("CVE-2026-1", "PyPI", "numpy", {"introduced": "0"}, score=CRITICAL),
        record("CVE-2026-2", "Debian:13", "glibc", {"introduced": "0"}, {"fixed": "2.0"}, score=CRITICAL),
    ]
    (folder / "made.json").write_text(json.dumps([{**one, "modified": "2999-01-01T00:00:00Z"} for one in made]))
    scan = ["supply", MOCK, "scan", "--database", "advisories"]
    assert "CVE-2026-1 (critical) in numpy" in project.refused(*scan, "entries")
    told = project.call(*scan, "--fail-on", "none", "file", "--path", "scan.json", "contents")
    assert [one["id"] for one in json.loads(told)["findings"]] == ["CVE-2026-1"]


def test_a_signed_image_is_proven_and_an_unsigned_one_is_not(project: Project) -> None:
    key, public = ["--signing-key", "file:slipway.key"], ["--public-key", "slipway.pub"]
    digest = re.findall(r"@(sha256:\w{64})", project.call("publish", MOCK))[0]
    assert f"{digest.replace(':', '-')}.sig is missing" in project.refused("verify-image", "--digest", digest, *public)
    project.call("publish", MOCK, *key)
    assert f"{digest} is signed" in project.call("verify-image", "--digest", digest, *public)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("file:slipway.pub", "the signing key is not a private key"),
        ("file:away.key", "What --signing-key names cannot be had"),
    ],
)
def test_a_key_that_is_none_is_told(project: Project, key: str, said: str) -> None:
    assert said in project.refused("publish", MOCK, "--signing-key", key)


def test_a_build_that_shares_no_step_gives_the_same_digest(project: Project) -> None:
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", project.call("reproduce", MOCK).strip())
