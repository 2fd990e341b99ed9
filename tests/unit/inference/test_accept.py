from __future__ import annotations

import pytest

from inference.accept import Form, wanted_form
from inference.errors import NotAcceptable


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("", Form.JSON),
        ("*/*", Form.JSON),
        ("application/json", Form.JSON),
        ("Application/JSON; charset=utf-8", Form.JSON),
        ("application/*", Form.JSON),
        ("application/jsonlines", Form.LINES),
        ("application/x-ndjson", Form.LINES),
        ("image/jpeg", Form.JPEG),
        ("image/png", Form.PNG),
        ("image/*", Form.JPEG),
        ("image/webp,image/png;q=0.5,*/*;q=0.1", Form.PNG),
        ("application/json;q=0.2, image/png;q=0.9", Form.PNG),
        ("image/png, application/json", Form.PNG),
        ("image/png;q=0, application/json;q=0.1", Form.JSON),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", Form.JSON),
        ("nonsense, */*", Form.JSON),
    ],
)
def test_what_the_header_asks_for(accept: str, wanted: Form) -> None:
    assert wanted_form(accept, Form.JSON) is wanted


def test_the_default_is_what_everything_and_nothing_mean() -> None:
    assert {wanted_form(accept, Form.LINES) for accept in ("", "*/*", "application/*")} == {Form.LINES}
    assert wanted_form("application/json", Form.LINES) is Form.JSON


@pytest.mark.parametrize("accept", ["image/webp", "text/csv", "image/png;q=0", "application/json;q=x", "nonsense"])
def test_what_the_server_cannot_answer_with(accept: str) -> None:
    with pytest.raises(NotAcceptable, match="application/jsonlines"):
        wanted_form(accept, Form.JSON)
