"""A function as it is deployed: read out of what moto keeps of CreateFunction, PublishVersion and their kin."""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from infra.localcloud.errors import AwsError, NotSupported
from infra.localcloud.moto_services import MotoServices

_ARN = re.compile(r"^(?:arn:[a-z-]+:lambda:[a-z0-9-]+:\d{12}:function:)?([A-Za-z0-9_-]{1,64})(?::([$A-Za-z0-9_-]+))?$")


@dataclass(frozen=True)
class Deployed:
    """One version of a function. ``policy`` has the statements that say who may invoke it."""

    name: str
    arn: str
    invoked: str
    """The ARN by which it is asked for: without a version, with one, or with an alias."""
    version: str
    region: str
    runtime: str
    handler: str
    timeout_s: float
    memory_mb: int
    variables: Mapping[str, str]
    code: bytes
    reserved: int | None
    policy: tuple[Mapping[str, Any], ...]

    @property
    def key(self) -> str:
        """What a warm execution environment must have in common with it."""
        settings = [self.arn, self.version, self.handler, self.runtime, dict(self.variables), self.memory_mb]
        return hashlib.sha256(json.dumps(settings).encode() + self.code).hexdigest()

    def allows(self, service: str, source_arn: str) -> bool:
        """Whether its resource policy lets a service invoke it on behalf of an API.

        https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
        """
        for statement in self.policy:
            conditions = statement.get("Condition") or {}
            patterns = [like.get("AWS:SourceArn") or like.get("aws:SourceArn") for like in conditions.values()]
            if (
                (statement.get("Principal") or {}).get("Service") == service
                and statement.get("Action") in ("lambda:InvokeFunction", "lambda:*")
                and str(statement.get("Resource", "")).rstrip(":") == self.invoked
                and all(fnmatchcase(source_arn, pattern) for pattern in patterns if pattern)
            ):
                return True
        return False


def split(name_or_arn: str, qualifier: str | None) -> tuple[str, str | None]:
    """Name and qualifier out of a name, ``name:qualifier`` or an ARN of either."""
    match = _ARN.match(name_or_arn)
    if match is None:
        raise AwsError("ValidationException", f"{name_or_arn} is no name or ARN of a function.")
    return match.group(1), match.group(2) or qualifier


def deployed(moto: MotoServices, region: str, name_or_arn: str, qualifier: str | None = None) -> Deployed:
    """The version that a name and a qualifier lead to now; an alias with weights leads to either.

    Raises ResourceNotFoundException as Lambda does.
    """
    name, qualifier = split(name_or_arn, qualifier)
    with moto.regions("lambda") as regions:
        backend = regions.get(region)
        if backend is None or name not in backend._lambdas._functions:
            raise _missing(name, qualifier)
        storage = backend._lambdas
        alias = storage._get_function_aliases(name).get(qualifier)
        version = _weighted(alias) if alias else qualifier
        try:
            found = storage.get_function_by_name_with_qualifier(name, version)
        except Exception as error:
            raise _missing(name, qualifier) from error
        if found.package_type != "Zip" or not str(found.run_time).startswith("python3."):
            raise NotSupported(f"functions of {found.package_type} for {found.run_time}: it runs zips for python3")
        return Deployed(
            name=name,
            arn=found.function_arn,
            invoked=f"{storage._functions[name]['latest'].function_arn}{f':{qualifier}' if qualifier else ''}",
            version=str(found.version) if found is not storage._functions[name]["latest"] else "$LATEST",
            region=region,
            runtime=found.run_time,
            handler=found.handler,
            timeout_s=float(found.timeout),
            memory_mb=int(found.memory_size),
            variables=dict(found.environment_vars),
            code=bytes(found.code_bytes),
            reserved=_number(storage._functions[name]["latest"].reserved_concurrency),
            policy=tuple(dict(one) for one in storage._functions[name]["latest"].policy.statements),
        )


def _weighted(alias: Any) -> str:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html"""
    weights = (alias.routing_config or {}).get("AdditionalVersionWeights", {}) if alias.routing_config else {}
    drawn = random.random()  # noqa: S311 (traffic, no secret)
    for version, weight in weights.items():
        if drawn < weight:
            return str(version)
        drawn -= weight
    return str(alias.function_version)


def _number(value: Any) -> int | None:
    return None if value is None else int(value)


def _missing(name: str, qualifier: str | None) -> AwsError:
    whole = f"{name}:{qualifier}" if qualifier else name
    return AwsError("ResourceNotFoundException", f"Function not found: {whole}", 404, Type="User")
