"""The ratio of paired times, and how sure it is."""

from __future__ import annotations

import numpy as np
import pytest

from infra.errors import InputError
from infra.regress.latency import Asker, measure, summarize
from infra.regress.pictures import Picture
from tests.unit.infra.servers import answering

PICTURE = Picture("a.jpg", "image/jpeg", b"picture", None)


def test_the_ratio_is_steady_where_the_machine_is_not() -> None:
    random = np.random.default_rng(0)
    mood = random.uniform(0.01, 0.05, 200)
    found = summarize(np.stack([mood, mood * 1.3 * random.normal(1, 0.05, 200)], axis=1))
    assert found.low < 1.3 < found.high
    assert found.high - found.low < 0.05
    assert found.pairs == 200


def test_two_of_the_same_are_as_fast() -> None:
    same = np.full((50, 2), 0.02)
    found = summarize(same)
    assert (found.ratio, found.low, found.high, found.old_ms) == (1.0, 1.0, 1.0, 20.0)


def test_a_slower_server_is_seen() -> None:
    with answering("old", [], 0.001) as old, answering("new", [], 0.03) as new:
        found = measure(Asker("live", old), Asker("new", new), [PICTURE], 0.2)
    assert found.pairs >= 20
    assert found.low > 1.1
    assert found.new_ms > 30


def test_a_refused_picture_is_named() -> None:
    with (
        answering("old", [], status=400) as target,
        pytest.raises(InputError, match=r"live image answered a\.jpg with 400"),
    ):
        Asker("live", target).ask(PICTURE)


def test_a_server_that_is_not_there_is_told() -> None:
    with answering("old", []) as target:
        gone = target
    with pytest.raises(InputError, match="/ping did not answer 200 within 0 s"):
        Asker("live", type(target)(gone.host, gone.port, b"", start_seconds=0.1))
