"""Which releases are kept, and which one a rollback goes to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from infra.errors import InputError
from infra.release.generations import Generation
from infra.release.prune import surplus
from infra.release.rollback import choose

NOW = datetime.now(UTC)
GRACE = timedelta(minutes=30)


def generation(name: str, live: int | None = None, withdrawn: int | None = None, created: int = 600) -> Generation:
    """A release; times in minutes ago."""

    def ago(minutes: int | None) -> datetime | None:
        return None if minutes is None else NOW - timedelta(minutes=minutes)

    digest = f"sha256:{name.encode().hex():0<64}"
    return Generation(name, f"arn:{name}", digest, f"git-{name}", ago(created) or NOW, ago(live), ago(withdrawn))


D, C, B, A = generation("d", 10), generation("c", 20), generation("b", 30), generation("a", 40)


@pytest.mark.parametrize(
    ("known", "keep", "gone"),
    [
        ([D, C, B, A], 2, [A]),
        ([D, C, B, A], 1, [B, A]),
        ([D, C, B, A], 9, []),
        ([D, generation("w", 25, 15), B, A], 1, [generation("w", 25, 15), A]),
        ([D, generation("dead", created=31)], 1, [generation("dead", created=31)]),
        ([D, generation("coming", created=10)], 1, []),
        ([D, generation("taken-back", None, 5, 20)], 1, [generation("taken-back", None, 5, 20)]),
    ],
    ids=["two", "one", "all", "withdrawn", "never live", "about to be", "taken back"],
)
def test_surplus(known: list[Generation], keep: int, gone: list[Generation]) -> None:
    assert [one.name for one in surplus(known, "d", keep, GRACE)] == [one.name for one in gone]


def test_live_release_is_never_surplus_even_if_unproven() -> None:
    assert surplus([generation("d", created=600)], "d", 1, GRACE) == []


def test_rollback_goes_to_the_last_good_one() -> None:
    assert choose([D, C, B], "d", None) == C
    assert choose([D, generation("c", 20, 12), B], "d", None) == B
    again = generation("c", 20, 25)
    assert choose([D, again, B], "d", None) == again, "live again after it was withdrawn"
    assert choose([C, D, B], "", None) == C, "no release is live"


def test_rollback_to_a_digest_may_name_a_withdrawn_one() -> None:
    withdrawn = generation("w", 20, 12)
    assert choose([D, withdrawn, B], "d", withdrawn.digest) == withdrawn
    assert choose([D, withdrawn, B], "d", withdrawn.digest[7:20]) == withdrawn


@pytest.mark.parametrize(
    ("to", "says"),
    [
        ("sha256:ffff", f"no kept release has the digest sha256:ffff; candidates: {C.digest} (git git-c, live "),
        ("sha256:6", "several kept releases have the digest sha256:6"),
        (D.digest, "is live already"),
    ],
)
def test_rollback_that_cannot_be(to: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        choose([D, C, B], "d", to)
    assert says in str(caught.value)
