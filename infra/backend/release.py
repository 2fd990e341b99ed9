"""Deploys and takes back the functions: code → version → health → alias → health.

Neither needs the image, nor does the image need it. Versions never change; the alias is the one thing that moves.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from infra.aws_errors import FAILURES, explain, missing
from infra.backend.health import check
from infra.backend.names import ALIAS, KINDS, Names
from infra.errors import InputError, RolloutFailed

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

    from infra.backend.code import Code
    from infra.cloud import Cloud
    from infra.progress import Progress

_SECONDS = 120
"""For Lambda to take new code."""
_SETTINGS = ("Environment", "Handler", "Layers", "MemorySize", "Role", "Runtime", "Timeout", "TracingConfig")
"""What a stack may change of a function; versions keep what they were published with."""
_BEFORE = "before:"
"""In an alias's description: the version that it came from."""


@dataclass(frozen=True)
class Live:
    """What an alias leads to; `configured` says that the function has still the settings that this version has."""

    version: str
    before: str
    sha256: str
    modified: str
    configured: bool = True


@dataclass
class Outcome:
    """What a verb did. ``versions`` are those that are live, by function."""

    outcome: str
    environment: str
    versions: dict[str, str] = field(default_factory=dict)
    sha256: str = ""
    notes: list[str] = field(default_factory=list)

    def to_markdown(self) -> str:
        """The account for people."""
        head = f"## backend of {self.environment}: {self.outcome}\n\n"
        rows = "".join(f"- `{name}` version {version}\n" for name, version in self.versions.items())
        code = f"- code `{self.sha256}`\n" if self.sha256 else ""
        return head + rows + code + "".join(f"- {note}\n" for note in self.notes)


def live(functions: LambdaClient, name: str) -> Live:
    """What the alias of a function leads to; InputError where there is no such function."""
    try:
        alias = functions.get_alias(FunctionName=name, Name=ALIAS)
        found = functions.get_function_configuration(FunctionName=name, Qualifier=alias["FunctionVersion"])
        newest = functions.get_function_configuration(FunctionName=name)
    except functions.exceptions.ClientError as error:
        if not missing(error):
            raise
        raise InputError(
            f"there is no function {name} with an alias {ALIAS}; make functions and APIs first: docs/backend.md."
        ) from None
    described = alias.get("Description", "")
    before = described.removeprefix(_BEFORE) if described.startswith(_BEFORE) else ""
    configured = all(found.get(key) == newest.get(key) for key in _SETTINGS)
    return Live(alias["FunctionVersion"], before, found["CodeSha256"], found["LastModified"], configured)


def deploy(cloud: Cloud, environment: str, names: Names, code: Code, progress: Progress) -> Outcome:
    """Make code the live one; RolloutFailed where it does not work, and what was live is so again."""
    functions = cloud.functions
    with progress.step("plan"):
        held = {kind: live(functions, names.function(kind)) for kind in KINDS}
        if all(one.sha256 == code.sha256 and one.configured for one in held.values()):
            versions = {names.function(kind): one.version for kind, one in held.items()}
            return Outcome("unchanged", environment, versions, code.sha256)
    with progress.step("publish"):
        wanted = {kind: _version(functions, names.function(kind), code) for kind in KINDS}
    return _move(functions, environment, names, held, wanted, code.sha256, progress)


def rollback(cloud: Cloud, environment: str, names: Names, progress: Progress) -> Outcome:
    """Bring the version back that was live before; InputError where none was."""
    functions = cloud.functions
    held = {kind: live(functions, names.function(kind)) for kind in KINDS}
    if len({one.sha256 for one in held.values()}) > 1:
        # Cut off in between: the first function is ahead, since deployments begin with it and rollbacks end with it.
        held = {KINDS[0]: held[KINDS[0]]}
    if never := [names.function(kind) for kind, one in held.items() if not one.before]:
        raise InputError(f"{never[0]} has no version before the live one to go back to; deploy the code you want.")
    wanted = {kind: one.before for kind, one in reversed(held.items())}
    return _move(functions, environment, names, held, wanted, "", progress)


def _move(
    functions: LambdaClient,
    environment: str,
    names: Names,
    held: dict[str, Live],
    wanted: dict[str, str],
    sha256: str,
    progress: Progress,
) -> Outcome:
    with progress.step("check"):
        for kind, version in wanted.items():
            check(functions, names.function(kind), kind, version)
    try:
        with progress.step("move"):
            for kind, version in wanted.items():
                if version != held[kind].version:
                    _point(functions, names.function(kind), version, held[kind].version)
        with progress.step("verify"):
            notes = [check(functions, names.function(kind), kind, ALIAS) for kind in wanted]
    except BaseException as error:
        try:
            for kind, one in held.items():
                _point(functions, names.function(kind), one.version, one.before)
        except FAILURES as worse:
            raise RolloutFailed(f"{error} Going back failed too: {explain(worse)} Run rollback.") from error
        if isinstance(error, RolloutFailed):
            back = ", ".join(f"{names.function(kind)} version {one.version}" for kind, one in held.items())
            raise RolloutFailed(f"{error} What was live before is so again: {back}.") from None
        raise
    return Outcome("done", environment, {names.function(kind): one for kind, one in wanted.items()}, sha256, notes)


def _version(functions: LambdaClient, name: str, code: Code) -> str:
    """The code as a version; Lambda makes none where the last one has the same code and configuration."""
    if functions.get_function_configuration(FunctionName=name)["CodeSha256"] != code.sha256:
        functions.update_function_code(FunctionName=name, ZipFile=code.zip)
    deadline = time.monotonic() + _SECONDS
    while True:
        state = functions.get_function_configuration(FunctionName=name)
        if state.get("LastUpdateStatus", "Successful") == "Successful":
            break
        if state.get("LastUpdateStatus") == "Failed" or time.monotonic() > deadline:
            why = state.get("LastUpdateStatusReason", "it took too long")
            raise RolloutFailed(f"Lambda did not take the code of {name}: {why}; what was live stays live.")
        time.sleep(0.5)
    return functions.publish_version(FunctionName=name, CodeSha256=code.sha256)["Version"]


def _point(functions: LambdaClient, name: str, version: str, before: str) -> None:
    functions.update_alias(
        FunctionName=name, Name=ALIAS, FunctionVersion=version, Description=f"{_BEFORE}{before}" if before else ""
    )
