"""The tables of slipway.toml about signatures, vulnerabilities and licences."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator

from infra.errors import InputError
from infra.section import Section

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Severity = Literal["none", "unknown", "low", "medium", "high", "critical"]


class Signing(Section):
    """Whose signature an image must carry before it is rolled out to an environment with `production = true`."""

    public_key: str

    @field_validator("public_key")
    @classmethod
    def _is_a_key(cls, text: str) -> str:
        from infra.supply.keys import public_key  # noqa: PLC0415  (few configurations have one)

        try:
            public_key(text.encode(), "it")
        except InputError as error:
            raise ValueError(f"is no public key: {error}".rstrip(".")) from None
        return text


class Ignored(Section):
    """A vulnerability that does not close the gate until a day, and why; `package` narrows it to one package."""

    id: Text
    reason: Text
    expires: date
    package: Text | None = None


class Vulnerabilities(Section):
    """Where advisories come from, and which findings close the gate."""

    fail_on: Severity = "high"
    osv: Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+(/\S*)?$")] = "https://api.osv.dev"
    max_age_days: int = Field(default=7, ge=1, le=365)
    ignore: tuple[Ignored, ...] = Field(default=(), strict=False)


class Allowed(Section):
    """Packages that may be in the image although their licence would be refused, and why; `nvidia-*` names several."""

    package: Text
    reason: Text


class Licenses(Section):
    """What the licence gate lets through."""

    allow: tuple[Allowed, ...] = Field(default=(), strict=False)
