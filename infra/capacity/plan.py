"""The capacity plan: measured, sized, priced, recommended; as JSON and Markdown."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from infra.capacity.search import Step, measure, search, up
from infra.capacity.sizing import Choice, choices
from infra.errors import Refused
from infra.machine import Machine
from infra.pricing.instances import accelerated, vcpus
from infra.pricing.table import PriceList
from infra.release.report import table

if TYPE_CHECKING:
    from infra.config import Config
    from infra.contract.target import Target


@dataclass(frozen=True)
class Demand:
    """Requests a second, the p99 in milliseconds that they are to hold, and the share of an instance left free."""

    rate: float
    p99_ms: float
    headroom: float


@dataclass(frozen=True)
class Plan:
    """What one instance bears, and the fleets that bear the demand, the recommended one first."""

    environment: str
    region: str
    instance_type: str
    demand: Demand
    best: Step
    steps: list[Step]
    vcpus: int
    choices: list[Choice]
    machine: Machine

    @property
    def configured(self) -> Choice:
        """The environment's own instance type."""
        return next(one for one in self.choices if one.instance_type == self.instance_type)

    @property
    def recommendation(self) -> str:
        """What to write into slipway.toml, and why."""
        best = self.choices[0]
        what = f'instance_type = "{best.instance_type}", instance_count = {best.instances}'
        if best.monthly is None:
            return f"{what}: no price is known in {self.region}, so it is the configured type ([prices.{self.region}])"
        how = "measured" if best.measured else "an estimate by vCPUs: measure it before you rely on it"
        return f"{what}: ${best.monthly:,.2f} a month, the cheapest that bears {self.demand.rate:g}/s; {how}"

    def to_json(self) -> str:
        """Everything, as JSON."""
        own = self.configured
        told = {"per_instance": own.per_instance, "instances": own.instances, "monthly": own.monthly}
        return json.dumps({**told, "recommendation": self.recommendation, **asdict(self)}, indent=2) + "\n"

    def to_markdown(self) -> str:
        """For people."""
        demand, best = self.demand, self.best
        measured = [
            (str(one.clients), f"{one.rate:.1f}", f"{one.p50_ms:.1f}", f"{one.p99_ms:.1f}", str(one.failed))
            for one in sorted(self.steps, key=lambda step: step.clients)
        ]
        fleets = [
            (
                one.instance_type,
                str(one.vcpus),
                f"{one.per_instance:.1f}" if one.measured else f"≈ {one.per_instance:.1f}",
                str(one.instances),
                "unknown" if one.monthly is None else f"${one.monthly:,.2f}",
            )
            for one in self.choices
        ]
        lines = [
            f"## {self.environment}: capacity for {demand.rate:g} requests/s",
            "",
            f"One server with {self.vcpus} vCPU bears **{best.rate:.1f} requests/s** with a p99 of {best.p99_ms:.0f} "
            f"ms (at most {demand.p99_ms:g}), from {best.clients} clients at a time.",
            "",
            *table(("clients", "requests/s", "p50 ms", "p99 ms", "failed"), measured),
            "",
            *table(("instance type", "vCPU", "requests/s each", "instances", "USD a month"), fleets),
            "",
            f"**{self.recommendation}**",
            "",
            f"- {demand.headroom:.0%} of each instance are left free; ≈ is an estimate: requests/s as vCPU",
            f"- {self.machine}",
            "- instances alone, on demand; prices are yours to check (docs/operations.md, Cost)",
        ]
        return "\n".join(lines) + "\n"


def plan(config: Config, environment: str, target: Target, demand: Demand, seconds: float) -> Plan:
    """Measure a server that was started with as many cores as the environment's instances have, if there are so many.

    Refused for environments whose instances nothing here can stand for.
    """
    refuse_foreign(config, environment)
    _refuse_unsized(config, environment)
    up(target)
    settings, region = config.environment(environment), config.region(environment)
    # It may be that this machine has fewer: what is measured then counts for these alone.
    machine = Machine.here(vcpus(settings.instance_type))
    machine.client_aside()
    steps = search(lambda clients: measure(target, clients, seconds), demand.p99_ms)
    best, cores = steps[-1], machine.server_cores
    prices = PriceList(config.settings.prices)
    found = choices(prices, region, settings.instance_type, (cores, best.rate), demand.rate, demand.headroom)
    return Plan(environment, region, settings.instance_type, demand, best, steps, cores, found, machine)


def refuse_foreign(config: Config, environment: str) -> None:
    """Refused where the engine's processor says nothing about what the environment runs on."""
    one = config.environment(environment)
    where = config.where("environments", environment)
    if one.device != "cpu" or accelerated(one.instance_type):
        raise Refused(
            f"{where} runs on {one.instance_type}, and the engine has no accelerator: what it bears cannot be measured "
            "here; load-test the endpoint itself, or name an environment for the processor."
        )
    if one.platform != "linux/amd64":
        raise Refused(
            f"{where} runs on {one.instance_type}, whose processor is arm64, and the engine would emulate it: its "
            "times mean nothing; name an environment with an amd64 type, or load-test the endpoint itself."
        )


def _refuse_unsized(config: Config, environment: str) -> None:
    one = config.environment(environment)
    where = config.where("environments", environment)
    if one.serverless:
        raise Refused(
            f"{where} is serverless, and SageMaker chooses how many containers there are; name an environment with an "
            "instance_type."
        )
    if vcpus(one.instance_type) is None:
        raise Refused(f"{where} runs on {one.instance_type}, of which the number of vCPUs is not known; name another.")
