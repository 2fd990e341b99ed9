"""The contract of the real image, judged by the real engine: confined as in SageMaker, Lambda and Kubernetes."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from infra.contract.__main__ import PROFILES
from tests.pipeline.project import Project

pytestmark = pytest.mark.timeout(600)


def test_the_image_keeps_every_clause_of_every_profile(tmp_path: Path) -> None:
    out = tmp_path / "contract"
    Project.make(tmp_path / "project").call("contract", "--mock", "export", "--path", str(out))
    clauses = {clause["name"]: clause for clause in json.loads((out / "contract.json").read_text())["clauses"]}
    assert {clause.name for clause in PROFILES["all"].clauses} < set(clauses)
    assert all(clause["holds"] and clause["source"]["title"] for clause in clauses.values())
    assert clauses["model-mounted"]["findings"] == {"port": 8080}
    suite = ET.parse(out / "junit.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == (str(len(clauses)), "0")
