"""A backend that is told its endpoint, and a detector that answers what a test says."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from backend import detector
from backend.detector import Answer, Question
from backend.settings import settings

FOUND = {
    "model": {"name": "yolo11n-shapes", "digest": "sha256:25f0"},
    "build": "b4e21d68",
    "is_mock": False,
    "task": "detect",
    "image": {"width": 640, "height": 480},
    "detections": [{"class_id": 0, "label": "circle", "score": 0.97, "box": [12.0, 30.5, 80.2, 99.0]}],
}


@dataclass
class Detector:
    """Stands for the SageMaker endpoint: keeps what it is asked, says what it is given."""

    answer: Answer = field(
        default_factory=lambda: Answer(json.dumps(FOUND).encode(), "application/json", "build=b4e21d68;is_mock=false")
    )
    lines: list[bytes] = field(default_factory=list)
    fails: Exception | None = None
    asked: list[Question] = field(default_factory=list)

    def ask(self, question: Question) -> Answer:
        self.asked.append(question)
        if self.fails:
            raise self.fails
        return self.answer

    def stream(self, question: Question) -> Generator[bytes, None, None]:
        self.asked.append(question)
        if self.fails:
            raise self.fails
        yield from self.lines


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Detector]:
    """The endpoint behind the backend."""
    stands = Detector()
    monkeypatch.setenv("ENDPOINT_NAME", "slipway-dev")
    monkeypatch.setattr(detector, "ask", stands.ask)
    monkeypatch.setattr("backend.probe.ask", stands.ask)
    monkeypatch.setattr(detector, "lines", stands.stream)
    settings.cache_clear()
    yield stands
    settings.cache_clear()


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> Any:
    """The lines that were logged since the last time."""

    def read() -> list[dict[str, Any]]:
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return read
