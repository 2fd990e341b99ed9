"""Deploying the stacks that an environment stands on, and saying what really came of it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from infra.cloud import Cloud
from infra.errors import Refused
from infra.release.endpoint import look as look_at_endpoint
from infra.release.report import table
from infra.stacks import cdk, names, world

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.config import Config
    from infra.stacks.assembly import Assembly, Stack


@dataclass(frozen=True)
class Outcome:
    """What became of one stack; `absent` is what its template wants and is not there, type by logical id."""

    stack: str
    region: str
    state: Literal["created", "updated", "unchanged", "waits"]
    resources: int
    adopted: tuple[str, ...]
    absent: dict[str, str]
    note: str = ""


@dataclass(frozen=True)
class Report:
    """What became of all stacks of an environment; `local` where AWS itself was not asked."""

    environment: str
    local: bool
    outcomes: tuple[Outcome, ...]

    def to_json(self) -> str:
        """Everything, as JSON."""
        return json.dumps(asdict(self), indent=2) + "\n"

    def to_markdown(self) -> str:
        """What a person wants to know."""
        rows = [(one.stack, one.region, one.state, str(one.resources)) for one in self.outcomes]
        lines = [f"## stacks of {self.environment}", "", *table(("stack", "region", "state", "resources"), rows)]
        notes = [one.note for one in self.outcomes if one.note]
        notes += [
            f"{name} was there before and is {one.stack}'s now, as it was: `stacks drift` says where it differs"
            for one in self.outcomes
            for name in one.adopted
        ]
        if absent := [one for one in self.outcomes if one.absent]:
            why = "the local cloud has no such type" if self.local else "CloudFormation does not list it"
            lines += ["", f"**Not created** ({why}):", ""]
            lines += [f"- {one.stack}: {kind} {logical}" for one in absent for logical, kind in one.absent.items()]
        return "\n".join([*lines, *(["", *(f"- {note}" for note in notes)] if notes else [])]) + "\n"


@dataclass(frozen=True)
class Deployer:
    """One environment's stacks, an assembly, and the clouds that they go to, one a region."""

    config: Config
    environment: str
    assembly: Assembly
    say: Callable[[str], None]

    @cached_property
    def stacks(self) -> list[Stack]:
        """The stacks that the environment stands on."""
        return self.assembly.named(names.of_environment(self.config, self.environment))

    @cached_property
    def clouds(self) -> dict[str, Cloud]:
        """A cloud for each region that they are in."""
        return {region: Cloud.from_environment(region) for region in dict.fromkeys(one.region for one in self.stacks)}

    def bootstrap(self) -> list[str]:
        """Have the CDK make what it deploys with, wherever it is not; the regions that it was made in."""
        made = []
        for region, cloud in self.clouds.items():
            if not world.bootstrapped(cloud):
                cdk.bootstrap(cloud.account, region, self.say)
                made.append(region)
        return made

    def diff(self) -> str:
        """How what is deployed differs from the assembly."""
        self._require_bootstrap()
        return cdk.diff(self.assembly.folder, [one.name for one in self.stacks])

    def drift(self) -> list[world.Difference]:
        """What was changed past the stacks that are deployed."""
        there = [one for one in self.stacks if world.exists(self.clouds[one.region], one.name)]
        return [found for one in there for found in world.drift(self.clouds[one.region], one.name)]

    def deploy(self) -> Report:
        """Deploy what can be, and compare what the templates want with what there is then."""
        self._require_bootstrap()
        before = {one.name: self._version(one) for one in self.stacks}
        ready = [one for one in self.stacks if not self._waits(one)]
        cdk.deploy(self.assembly.folder, [one.name for one in ready], self.say)
        outcomes = []
        for one in self.stacks:
            if one not in ready:
                note = self._waits(one)
                outcomes.append(Outcome(one.name, one.region, "waits", 0, (), {}, note))
                continue
            made, after = world.look(self.clouds[one.region], one), self._version(one)
            state: Literal["created", "updated", "unchanged"] = "created"
            if before[one.name]:
                state = "unchanged" if before[one.name] == after else "updated"
            # What was taken over is told when it is.
            adopted = made.adopted if state == "created" else ()
            outcomes.append(Outcome(one.name, one.region, state, len(made.existing), adopted, made.absent))
        local = any(cloud.local for cloud in self.clouds.values())
        return Report(self.environment, local, tuple(outcomes))

    def _require_bootstrap(self) -> None:
        missing = [region for region, cloud in self.clouds.items() if not world.bootstrapped(cloud)]
        if not missing:
            return
        if all(self.clouds[region].local for region in missing):
            self.bootstrap()
            return
        raise Refused(
            f"the CDK's bootstrap is not in {' and '.join(missing)}: run `stacks bootstrap` once, with credentials "
            "that may make roles and buckets."
        )

    def _version(self, stack: Stack) -> str:
        """Something that changes whenever the stack does; empty where there is none."""
        cloud = self.clouds[stack.region]
        if not world.exists(cloud, stack.name):
            return ""
        (one,) = cloud.cloudformation.describe_stacks(StackName=stack.name)["Stacks"]
        return f"{one['StackId']} {one.get('LastUpdatedTime', '')}"

    def _waits(self, stack: Stack) -> str:
        """Why a stack cannot be deployed yet: Application Auto Scaling takes no target that does not exist."""
        if stack.name != names.own(self.config, self.environment, "scaling", stack.region):
            return ""
        endpoint = names.endpoint(self.config, self.environment)
        if look_at_endpoint(self.clouds[stack.region].sagemaker, endpoint):
            return ""
        return (
            f"{stack.name} waits: there is no endpoint {endpoint} yet whose instances could be scaled; run deploy, "
            "then `stacks deploy` again"
        )
