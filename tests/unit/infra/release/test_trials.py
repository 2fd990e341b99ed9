"""Trials: their names, and how what two variants answered is paired and judged."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.regress.settings import Gates
from infra.release.captures import Captured, pairs_of
from infra.release.generations import Generation
from infra.release.names import Place, Release
from infra.release.shadow import judged
from infra.release.trials import Trial

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PLACE = Place("demo", "dev", "eu-west-1")
BASE = Generation("demo-dev-000000000000-00000000", "arn", "sha256:" + "0" * 64, "abc", NOW, NOW, None)
CANDIDATE = Release(PLACE, "sha256:" + "1" * 64, "f" * 64)
CIRCLE = {"label": "circle", "score": 0.9, "box": [10.0, 10.0, 50.0, 50.0]}


def captured(key: str, *detections: dict[str, Any], milliseconds: float = 10.0) -> Captured:
    return Captured(key, f"line of {key}", {"detections": list(detections), "timings_ms": {"total": milliseconds}})


def test_a_split_keeps_its_name_when_its_share_moves_and_a_shadow_does_not() -> None:
    split, shadow = Trial("split", BASE, CANDIDATE, 10), Trial("shadow", BASE, CANDIDATE, 10, "s3://a/b/")
    assert split.name == replace(split, percent=90).name
    assert len({split.name, shadow.name, replace(shadow, percent=90).name, CANDIDATE.name}) == 4
    assert PLACE.owns(split.name)
    assert PLACE.owns(shadow.name)
    assert shadow.captured == f"s3://a/b/{shadow.name}"


def test_requests_are_paired_by_their_key_and_in_order() -> None:
    live = [captured(key) for key in ("a", "b", "a", "c", "a")]
    candidate = [replace(captured(key), line=str(number)) for number, key in enumerate(("a", "c", "a", "d"))]
    paired = [(one.key, other.key, other.line) for one, other in pairs_of(live, candidate)]
    assert paired == [("a", "a", "0"), ("a", "a", "2"), ("c", "c", "1")], "the third a has no partner"


@pytest.mark.parametrize(
    ("candidate", "closed"),
    [
        (captured("a", CIRCLE), []),
        (captured("a", {**CIRCLE, "score": 0.7}), ["score_difference"]),
        (captured("a"), ["disagreement"]),
        (captured("a", CIRCLE, {**CIRCLE, "label": "dot", "score": 0.26}), []),
        (captured("a", CIRCLE, milliseconds=13.0), ["latency_ratio"]),
    ],
    ids=["same", "another score", "nothing", "one near the threshold", "slower"],
)
def test_each_difference_closes_its_gate(candidate: Captured, closed: list[str]) -> None:
    found = judged([(captured("a", CIRCLE), candidate)], 0, Gates(), 0.3)
    assert [gate.name for gate in found.gates if not gate.open] == closed
    assert [one.key for one in found.disagreements] == (["a"] if closed and closed != ["latency_ratio"] else [])


def test_requests_that_the_candidate_did_not_answer_close_a_gate() -> None:
    pairs = [(captured("a", CIRCLE), captured("a", CIRCLE))]
    assert "9 of 10 requests got no answer from the candidate" in judged(pairs, 9, Gates(), 0.3).closed
    assert not judged(pairs, 0, Gates(), 0.3).closed


def test_an_answer_without_times_has_no_latency_to_judge() -> None:
    silent = Captured("a", "line", {"detections": []})
    found = judged([(silent, silent)], 0, Gates(), 0.3)
    assert found.latency is None
    assert "latency_ratio" not in {gate.name for gate in found.gates}
