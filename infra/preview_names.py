"""The environment of a branch: a short name that AWS takes, the same each time."""

from __future__ import annotations

import hashlib
import re
from typing import Final

LONGEST: Final = 20
"""Of an environment's name (infra/settings.py)."""
LONGEST_TEMPLATE: Final = 10
"""Leaves four letters of the branch beside the hash."""
_HASH: Final = 4


def preview_name(template: str, branch: str) -> str:
    """`preview` and `feature/Big_Boxes` → `preview-featu-9c1f`.

    Small letters, digits and hyphens. Where the branch does not fit as it is, four digits of its SHA-256 keep it apart
    from others that are cut to the same letters.
    """
    slug = re.sub(r"[^a-z0-9]+", "-", branch.lower()).strip("-")
    whole = f"{template}-{slug}"
    if slug == branch and len(whole) <= LONGEST:
        return whole
    digest = hashlib.sha256(branch.encode()).hexdigest()[:_HASH]
    room = LONGEST - len(template) - 2 - _HASH
    return "-".join(part for part in (template, slug[:room].strip("-"), digest) if part)
