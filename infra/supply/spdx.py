"""Licence texts as SPDX expressions, and which of them may be in the image."""

from __future__ import annotations

from functools import cache
from typing import Any

from license_expression import (
    AND,
    OR,
    ExpressionError,
    ExpressionParseError,
    LicenseSymbol,
    LicenseWithExceptionSymbol,
    get_license_index,
    get_spdx_licensing,
)

NAMES = {
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "MIT License": "MIT",
    "BSD License": "BSD-3-Clause",
    "3-Clause BSD License": "BSD-3-Clause",
    "Python Software Foundation License": "PSF-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "GNU Affero General Public License v3": "AGPL-3.0-only",
    "GNU Affero General Public License v3 or later (AGPLv3+)": "AGPL-3.0-or-later",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "AGPL-3.0 License (https://ultralytics.com/license)": "AGPL-3.0-only",
}
"""Licences that packages and models state in words of their own."""

PASS = frozenset({"Permissive", "Public Domain", "Copyleft Limited", "CLA"})
"""Categories of ScanCode's LicenseDB; not among them: Copyleft (GPL, AGPL), Commercial, Source-available and so on."""


def normal(stated: str) -> str:
    """The SPDX expression for a stated licence; the words themselves where there is none."""
    return NAMES.get(stated, stated)


def objection(stated: str | None) -> str | None:
    """Why a licence is refused; None if it may be in the image.

    Of `A OR B` one has to pass, of `A AND B` both; a strong copyleft passes with an exception that limits it.
    """
    if not stated:
        return "states no licence"
    try:
        expression = _licensing().parse(normal(stated))
    except (ExpressionError, ExpressionParseError):
        expression = None
    if expression is None:
        return f"states {stated!r}, which is no SPDX expression"
    return _judge(expression)


def _judge(expression: Any) -> str | None:
    if isinstance(expression, AND | OR):
        found = [_judge(part) for part in expression.args]
        against = [one for one in found if one]
        passes = not against if isinstance(expression, AND) else len(against) < len(found)
        return None if passes else against[0]
    if isinstance(expression, LicenseWithExceptionSymbol):
        # An exception only ever gives more than the licence.
        either = (expression.exception_symbol.key, expression.license_symbol.key)
        return None if any(_category(key) in PASS for key in either) else _against(expression.license_symbol.key)
    if isinstance(expression, LicenseSymbol):
        return None if _category(expression.key) in PASS else _against(expression.key)
    return f"states {expression}, which is no SPDX expression"


def _against(key: str) -> str:
    category = _category(key)
    return f"is under {key} ({category})" if category else f"states {key!r}, which SPDX does not list"


def _category(key: str) -> str | None:
    return _categories().get(key.lower())


_licensing = cache(get_spdx_licensing)


@cache
def _categories() -> dict[str, str]:
    return {
        str(entry["spdx_license_key"]).lower(): str(entry["category"])
        for entry in get_license_index()
        if entry.get("spdx_license_key")
    }
