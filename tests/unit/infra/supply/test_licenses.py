"""Which licences a Python package of the image may have."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.config import Config
from infra.supply.errors import GateClosed
from infra.supply.inventory import take
from infra.supply.licenses import Report, judge
from infra.supply.sbom import bill
from infra.supply.spdx import objection
from tests.unit.infra.supply.conftest import add_python

PASSING = [
    "MIT",
    "MIT License",
    "BSD-3-Clause AND 0BSD AND MIT AND Zlib AND CC0-1.0",
    "Apache-2.0 OR BSD-2-Clause",
    "GPL-2.0-only OR MIT",
    "MPL-2.0",
    "LGPL-3.0-or-later",
    "GPL-3.0-only WITH GCC-exception-3.1",
]
REFUSED = [
    ("AGPL-3.0-only", "AGPL-3.0-only (Copyleft)"),
    ("AGPL-3.0", "AGPL-3.0-only (Copyleft)"),
    ("GPL-3.0-only", "GPL-3.0-only (Copyleft)"),
    ("GNU Affero General Public License v3", "AGPL-3.0-only"),
    ("MIT AND GPL-2.0-or-later", "GPL-2.0-or-later"),
    ("GPL-2.0-only OR AGPL-3.0-only", "GPL-2.0-only"),
    ("SSPL-1.0", "SSPL-1.0"),
    ("LicenseRef-secret", "SPDX does not list"),
    ("see the file (c)", "no SPDX expression"),
    ("", "states no licence"),
    (None, "states no licence"),
]


@pytest.mark.parametrize("licence", PASSING)
def test_permissive_and_weak_ones_pass(licence: str) -> None:
    assert objection(licence) is None


@pytest.mark.parametrize(("licence", "why"), REFUSED)
def test_strong_and_unknown_ones_do_not(licence: str | None, why: str) -> None:
    assert why in str(objection(licence))


def report(root: Path, config: Config) -> Report:
    return judge(json.loads(bill(take(root), "slipway", f"sha256:{'1' * 64}")), config)


def test_an_image_of_permissive_packages_passes(root: Path, configured: Callable[[str], Config]) -> None:
    found = report(root, configured(""))
    found.gate()
    assert found.debian == {"Apache-2.0": 1, "GPL-2+": 1}
    assert found.free_text == ("libc6",)
    assert "tiny states AGPL-3.0-only" in found.to_markdown()


def test_agpl_in_the_image_is_refused_with_its_name(root: Path, configured: Callable[[str], Config]) -> None:
    add_python(root, "ultralytics", "8.4.190", "License-Expression: AGPL-3.0-only")
    found = report(root, configured(""))
    with pytest.raises(GateClosed, match=r"ultralytics 8\.4\.190 is under AGPL-3\.0-only"):
        found.gate()
    assert "refused: is under AGPL-3.0-only" in found.to_markdown()


def test_a_package_that_states_nothing_is_refused(root: Path, configured: Callable[[str], Config]) -> None:
    add_python(root, "silent", "1", "Summary: nothing")
    with pytest.raises(GateClosed, match="silent 1 states no licence"):
        report(root, configured("")).gate()


@pytest.mark.parametrize("pattern", ["ultralytics", "ultra*"])
def test_what_is_allowed_passes_with_its_reason(root: Path, configured: Callable[[str], Config], pattern: str) -> None:
    add_python(root, "ultralytics", "8.4.190", "License-Expression: AGPL-3.0-only")
    allow = f'[[licenses.allow]]\npackage = "{pattern}"\nreason = "bought a licence"\n'
    found = report(root, configured(allow))
    found.gate()
    assert "allowed: bought a licence" in found.to_markdown()
