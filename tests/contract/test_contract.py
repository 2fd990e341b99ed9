"""The real server, started as a process, keeps every clause."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PIL import Image, ImageDraw

from infra.contract.__main__ import judge_command, main
from infra.contract.answers import answers
from infra.contract.clause import Verdict
from infra.contract.connections import connections
from infra.contract.lifetime import ending, lifetime
from infra.contract.process import Command
from infra.contract.report import document, junit, table
from infra.contract.target import Target
from tests.contract.tiny_model import write_tiny_model

SERVE = [sys.executable, "-m", "inference", "serve"]
CLAUSES = [clause.name for contract in (answers, connections, ending) for clause in contract.clauses]
LIFETIME = [clause.name for clause in lifetime.clauses]


def picture() -> bytes:
    image = Image.effect_noise((320, 240), 20).convert("RGB")
    ImageDraw.Draw(image).rectangle((80, 60, 159, 119), (255, 0, 0))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=95)
    return file.getvalue()


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Command:
    model = write_tiny_model(tmp_path_factory.mktemp("contract") / "model")
    return Command(SERVE, model, Target("127.0.0.1", 0, picture(), load_seconds=1, start_seconds=60))


@pytest.fixture(scope="module")
def verdicts(command: Command) -> dict[str, Verdict]:
    return {verdict.name: verdict for verdict in judge_command(command)}


@pytest.mark.parametrize("name", [*CLAUSES, *LIFETIME])
def test_the_server_keeps(verdicts: dict[str, Verdict], name: str) -> None:
    assert verdicts[name].holds, verdicts[name].failure


def test_a_model_that_classifies_keeps_them_too(command: Command, tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text('{"is_mock": true, "task": "classify"}')
    names = ["start", "invocation", "identity", "content-types", "bad-input", "same-answer"]
    judged = judge_command(replace(command, model=tmp_path), names)
    assert len(judged) == len(names)
    assert [verdict.failure for verdict in judged if not verdict.holds] == []


def test_every_clause_was_judged_once(verdicts: dict[str, Verdict]) -> None:
    assert list(verdicts) == [*CLAUSES, *LIFETIME]
    assert len(set(verdicts)) == len(CLAUSES) + len(LIFETIME)


def test_the_reports_name_every_clause_its_source_and_its_figures(verdicts: dict[str, Verdict]) -> None:
    judged = list(verdicts.values())
    cases = ET.fromstring(junit(judged)).findall("testcase")
    assert [case.get("name") for case in cases] == list(verdicts)
    assert all(case.findtext("system-out") for case in cases)
    for verdict in judged:
        assert verdict.name in table(judged)
        assert verdict.source.title in document(judged)
    assert "requests_per_s" in table(judged)


def test_clients_that_never_stop_lose_nothing_when_the_port_closes(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPWAY_LINGER_SECONDS", "0.3")
    for _ in range(3):
        (verdict,) = lifetime.judge(command, ["stop-under-load"])
        assert verdict.holds, verdict.failure


def test_the_command_line(command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sample = tmp_path / "sample.jpg"
    sample.write_bytes(picture())
    words = [
        "--sample",
        str(sample),
        "--model",
        str(command.model),
        "--command",
        " ".join(SERVE),
        "--start-seconds",
        "60",
    ]
    reports = ["--json", str(tmp_path / "out" / "contract.json"), "--junit", str(tmp_path / "out" / "junit.xml")]
    assert main([*words, *reports, "--clause", "identity"]) == 0
    assert "1 clauses: 1 hold, 0 broken." in capsys.readouterr().out
    assert '"holds": true' in (tmp_path / "out" / "contract.json").read_text()
    assert ET.parse(tmp_path / "out" / "junit.xml").getroot().get("failures") == "0"
    assert main([*words, "--clause", "nonsense"]) == 2
    assert main(["--sample", str(tmp_path / "missing.jpg"), "--url", "http://127.0.0.1:1"]) == 2
    assert main(["--sample", str(sample), "--url", "https://127.0.0.1"]) == 2
    assert main(["--sample", str(sample), "--url", "http://127.0.0.1:1", "--start-seconds", "0.1"]) == 1
    assert main([*words[:-4], "--command", f"{sys.executable} -m nonsense serve", "--model", str(command.model)]) == 1
    assert main(["--sample", str(sample), "--command", "/nonsense serve"]) == 1
    assert "Traceback" not in "".join(capsys.readouterr())
