"""slipway.toml as read: its settings, and a sentence with a line number for each wrong value."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_origin

from pydantic import ValidationError

from infra.config_errors import nearest, sentence, where
from infra.errors import InputError, Refused
from infra.hosting import SERVERLESS_PAYLOAD_MB
from infra.preview_names import preview_name
from infra.section import Section
from infra.settings import Environment, Settings, is_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey


@dataclass(frozen=True)
class Config:
    """slipway.toml as read, together with its text, so that later findings can name a line too."""

    path: Path
    text: str
    settings: Settings

    @property
    def repository(self) -> str:
        """Name of the ECR repository; the project's name unless set."""
        return self.settings.repository or self.settings.project

    @property
    def execution_role(self) -> str:
        """Name or ARN of the role SageMaker takes on; `<project>-runtime` unless set."""
        return self.settings.execution_role or f"{self.settings.project}-runtime"

    @property
    def public_key(self) -> EllipticCurvePublicKey | None:
        """Whose signature images for production carry; None where no key is set."""
        if self.settings.signing is None:
            return None
        from infra.supply.keys import public_key  # noqa: PLC0415  (few configurations have one)

        return public_key(self.settings.signing.public_key.encode(), "signing.public_key")

    def resolve(self, name: str, branch: str = "") -> tuple[str, str]:
        """The name of the environment that a person means, and the branch that it is made for, if it is.

        `branch` is taken where a preview is named without one. Raises InputError for an unknown environment, or a
        preview of no branch.
        """
        template, slash, named = name.partition("/")
        one = self.environment(template)
        if template not in self.settings.environments or not one.expires_hours:
            if slash:
                raise InputError(f"{template} is no preview, so it has no branch; write --env {template}.")
            return name, ""
        if not (named or branch):
            raise InputError(f"{template} is made for a branch; write --env {template}/BRANCH.")
        return preview_name(template, named or branch), named or branch

    def environment(self, name: str) -> Environment:
        """The environment called `name`, or the one that a preview of that name is made after; InputError if none."""
        if name in self.settings.environments:
            return self.settings.environments[name]
        for template, one in self.settings.environments.items():
            if one.expires_hours and name.startswith(f"{template}-") and is_name(name):
                return one
        known = ", ".join(self.settings.environments)
        raise InputError(
            f"{self.path.name} has no environment {name!r}; write one of: "
            f"{known}{nearest(name, self.settings.environments)}."
        )

    def region(self, environment: str) -> str:
        """The AWS region of an environment; the first where it has several."""
        return self.waves(environment)[0][0]

    def waves(self, environment: str) -> tuple[tuple[str, ...], ...]:
        """The regions of an environment, wave after wave."""
        one = self.environment(environment)
        return one.regions or ((one.region or self.settings.region,),)

    def at(self, environment: str, region: str) -> Config:
        """The same with one region for an environment; InputError if it is none of its regions."""
        known = [one for wave in self.waves(environment) for one in wave]
        if region not in known:
            raise InputError(f"{environment} is not in {region}; name one of: {', '.join(known)}.")
        if len(known) == 1:
            return self
        there = self.environment(environment).model_copy(update={"region": region, "regions": ()})
        settings = self.settings.model_copy(update={"environments": {**self.settings.environments, environment: there}})
        return replace(self, settings=settings)

    def payload_limit_mb(self, environment: str) -> int:
        """The largest request that an environment takes, in MiB: serverless at most 4, asynchronous its own limit."""
        one, limit = self.environment(environment), self.settings.payload_limit_mb
        if one.asynchronous:
            return one.asynchronous.payload_limit_mb
        return min(limit, SERVERLESS_PAYLOAD_MB) if one.serverless else limit

    def refuse_mock(self, environment: str) -> None:
        """Refused where the environment is marked production: a mock model answers nobody's customers."""
        if self.environment(environment).production:
            where = self.where("environments", environment, "production")
            raise Refused(
                f"a mock model never goes to production ({where} = true); deploy a real one, or the mock to another "
                "environment."
            )

    def where(self, *keys: str | int) -> str:
        """`slipway.toml line 14: environments.dev.instance_type`, for messages."""
        return where(self.path, self.text, keys)


def load(path: Path) -> Config:
    """Read and check slipway.toml; InputError with one sentence for each thing that is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(
            f"{path} does not exist; run from the project's folder or name the file with --config."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}; it must be a text file in UTF-8.") from None
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(
            f"{path.name} is not valid TOML: {error}; mend that place (texts need quotes, tables [brackets])."
        ) from None
    try:
        return Config(path, text, Settings.model_validate(values))
    except ValidationError as errors:
        found = [sentence(path, text, error, _keys_of) for error in errors.errors(include_url=False)]
        raise InputError("\n".join(dict.fromkeys(found))) from None


def _keys_of(keys: Sequence[str | int]) -> list[str]:
    """The keys that the table at `keys` may have."""
    table: type[Section] = Settings
    names = iter([key for key in keys if isinstance(key, str)])
    for name in names:
        kind = table.model_fields[name].annotation
        table = _table_in(kind) or table
        if get_origin(kind) is dict:
            # The next key is one that the user has chosen.
            next(names, None)
    return list(table.model_fields)


def _table_in(kind: Any) -> type[Section] | None:
    """The table that a list, a choice or a mapping is made of."""
    if isinstance(kind, type) and issubclass(kind, Section):
        return kind
    return next((found for part in get_args(kind) if (found := _table_in(part))), None)
