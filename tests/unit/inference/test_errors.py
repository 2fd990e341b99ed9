from __future__ import annotations

from inference.errors import RequestError


def test_every_cause_has_a_code_of_its_own_and_the_status_of_an_error() -> None:
    kinds = RequestError.__subclasses__()
    assert len({kind.code for kind in kinds}) == len(kinds) > 10
    assert all(400 <= kind.status < 600 for kind in kinds)


def test_who_is_sent_away_for_now_is_told_when_to_come_back() -> None:
    assert all("Retry-After" in kind.headers for kind in RequestError.__subclasses__() if kind.status == 503)
