"""How long a rollout is still watched."""

import pytest

from infra.release.recording import left
from infra.settings import Rollout

CANARY = Rollout(type="canary", percent=10, bake_seconds=100)
LINEAR = Rollout(type="linear", percent=40, bake_seconds=100)


@pytest.mark.parametrize(
    ("rollout", "bakes", "baked", "seconds"),
    [
        (CANARY, 0, 0, 200),
        (CANARY, 1, 30, 170),
        (CANARY, 2, 30, 70),
        (CANARY, 2, 130, 0),
        (LINEAR, 0, 0, 300),
        (LINEAR, 2, 99, 101),
        (Rollout(bake_seconds=50), 0, 0, 50),
    ],
)
def test_every_move_of_traffic_is_watched_once(rollout: Rollout, bakes: int, baked: float, seconds: float) -> None:
    assert left(rollout, bakes, baked) == seconds
