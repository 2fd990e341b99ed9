from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.preview_names import LONGEST, preview_name


@pytest.mark.parametrize(
    ("branch", "name"),
    [
        ("boxes", "preview-boxes"),
        ("fix-nms-now", "preview-fix-nms-now"),
        ("Boxes", "preview-boxes-5509"),
        ("feature/big_boxes", "preview-feature-b4e9"),
        ("a-very-long-branch-name", "preview-a-very-a6bb"),
        ("日本", "preview-cf2a"),
    ],
)
def test_short_branches_keep_their_name_and_others_are_cut(branch: str, name: str) -> None:
    assert preview_name("preview", branch) == name


@given(st.text(min_size=1))
def test_every_branch_has_a_name_that_aws_takes(branch: str) -> None:
    for template in ("p", "preview", "previewing"):
        name = preview_name(template, branch)
        assert re.fullmatch(r"[a-z](-?[a-z0-9])*", name)
        assert name.startswith(f"{template}-")
        assert len(name) <= LONGEST


def test_branches_that_look_alike_are_kept_apart() -> None:
    alike = ["feature/a", "feature-a", "Feature/A", "feature_a", "feature//a"]
    assert len({preview_name("preview", branch) for branch in alike}) == len(alike)
