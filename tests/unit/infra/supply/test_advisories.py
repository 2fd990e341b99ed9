"""Whether a version is affected, by the rules of its ecosystem, and how bad it is."""

from __future__ import annotations

from typing import Any

import pytest

from infra.errors import InputError
from infra.supply.advisories import Subject, match, parse, severity
from tests.unit.infra.supply.made_advisories import record

V4 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"


@pytest.mark.parametrize(
    ("ecosystem", "version", "events", "hit"),
    [
        ("Debian:13", "1.0-1", [{"introduced": "0"}, {"fixed": "1.0-2"}], True),
        ("Debian:13", "1.0-2", [{"introduced": "0"}, {"fixed": "1.0-2"}], False),
        # Debian: a tilde is before everything, even the end.
        ("Debian:13", "1.0-2~deb13u1", [{"introduced": "0"}, {"fixed": "1.0-2"}], True),
        ("Debian:13", "1.0-2+deb13u1", [{"introduced": "0"}, {"fixed": "1.0-2"}], False),
        # An epoch outweighs all that follows it.
        ("Debian:13", "1:0.5-1", [{"introduced": "0"}, {"fixed": "2.0-1"}], False),
        ("Debian:13", "1.10-1", [{"introduced": "1.9-1"}], True),
        ("PyPI", "1.10", [{"introduced": "1.9"}], True),
        # PEP 440: a candidate is before its release, a post-release after.
        ("PyPI", "2.0rc1", [{"introduced": "0"}, {"fixed": "2.0"}], True),
        ("PyPI", "2.0.post1", [{"introduced": "0"}, {"fixed": "2.0"}], False),
        ("PyPI", "2.0", [{"introduced": "0"}, {"last_affected": "2.0"}], True),
        ("PyPI", "2.0.1", [{"introduced": "0"}, {"last_affected": "2.0"}], False),
        # Mended, and broken again.
        ("PyPI", "3.5", [{"introduced": "0"}, {"fixed": "2.0"}, {"introduced": "3.0"}, {"fixed": "4.0"}], True),
        ("PyPI", "2.5", [{"introduced": "3.0"}, {"fixed": "4.0"}, {"introduced": "0"}, {"fixed": "2.0"}], False),
        # What cannot be compared proves nothing.
        ("PyPI", "not a version", [{"introduced": "0"}, {"fixed": "2.0"}], True),
        ("PyPI", "1.0", [], False),
    ],
)
def test_versions_are_compared_as_their_own_tools_do(
    ecosystem: str, version: str, events: list[dict[str, str]], hit: bool
) -> None:
    advisory = parse(record("X-1", ecosystem, "thing", *events), "here")
    assert advisory is not None
    assert (match(advisory, Subject(ecosystem, "thing", version)) is not None) is hit


def test_the_next_version_that_is_mended_is_named() -> None:
    events = [{"introduced": "0"}, {"fixed": "1.0"}, {"introduced": "2.0"}, {"fixed": "2.10"}]
    advisory = parse(record("X-1", "PyPI", "thing", *events), "here")
    assert advisory is not None
    found = match(advisory, Subject("PyPI", "thing", "2.9"))
    assert found is not None
    assert found[1] == "2.10"


def test_a_listed_version_is_affected_without_a_range() -> None:
    made = record("X-1", "PyPI", "thing")
    made["affected"][0]["versions"] = ["1.0"]
    advisory = parse(made, "here")
    assert advisory is not None
    assert match(advisory, Subject("PyPI", "thing", "1.0"))
    assert not match(advisory, Subject("PyPI", "thing", "1.1"))


@pytest.mark.parametrize(
    ("affected", "told", "rank"),
    [
        ({}, {"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]}, "critical"),
        ({}, {"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H"}]}, "high"),
        ({}, {"severity": [{"type": "CVSS_V2", "score": "AV:N/AC:L/Au:N/C:N/I:N/A:P"}]}, "medium"),
        (
            {},
            {
                "severity": [
                    {"type": "CVSS_V4", "score": "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"}
                ]
            },
            "critical",
        ),
        ({}, {"severity": [{"type": "CVSS_V3", "score": "nonsense"}]}, "unknown"),
        ({}, {"database_specific": {"severity": "MODERATE"}}, "medium"),
        ({"ecosystem_specific": {"urgency": "unimportant"}}, {}, "low"),
        ({"ecosystem_specific": {"urgency": "not yet assigned"}}, {}, "unknown"),
        ({}, {}, "unknown"),
    ],
)
def test_how_bad_it_is(affected: dict[str, Any], told: dict[str, Any], rank: str) -> None:
    assert severity(affected, told) == rank


@pytest.mark.parametrize(
    "broken", [{}, {"id": "X-1", "affected": [{"package": {}}]}, [], {"id": "X", "modified": "soon"}]
)
def test_a_record_that_is_none_is_told(broken: Any) -> None:
    with pytest.raises(InputError, match="here holds a record that is not in the OSV format"):
        parse(broken, "here")
