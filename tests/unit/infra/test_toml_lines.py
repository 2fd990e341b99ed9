"""Lines of keys in TOML, however it is written."""

from __future__ import annotations

import pytest

from infra.toml_lines import line_of

TEXT = """\
# a comment with key = 1
a = 1
b.c = 2

[t]
"quoted key" = 1
inline = { x = 1, y = { z = 2 } }
list = [
  { m = 1 },
  { m = 2, n = 3 },
]
same = [{ m = 1 }, { m = 2 }]

[t.sub]
k = 1

[[many]]
k = 1

[[many]]
k = 2
"""


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (["a"], 2),
        (["b"], 3),
        (["b", "c"], 3),
        (["t"], 5),
        (["t", "quoted key"], 6),
        (["t", "inline", "x"], 7),
        (["t", "list"], 8),
        (["t", "list", 0, "m"], 9),
        (["t", "list", 1, "n"], 10),
        (["t", "same", 1, "m"], 12),
        (["t", "sub", "k"], 15),
        (["t", "sub", "absent"], 14),
        (["many", 0, "k"], 18),
        (["many", 1, "k"], 21),
        (["nowhere"], None),
    ],
)
def test_line_of(keys: list[str | int], line: int | None) -> None:
    assert line_of(TEXT, keys) == line
