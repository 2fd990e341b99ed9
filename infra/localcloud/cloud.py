"""The parts of one running local cloud, and its settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from infra.localcloud.faults import Faults

if TYPE_CHECKING:
    from infra.localcloud.clock import Clock
    from infra.localcloud.moto_services import MotoServices
    from infra.localcloud.registry import Registry
    from infra.localcloud.sagemaker.fleets import Fleets
    from infra.localcloud.state import State


@dataclass(frozen=True)
class Settings:
    """Limits of SageMaker's hosting contract.

    https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html: /ping answers within 2 s and
    must pass within 8 minutes, /invocations answers within 60 s. A request body is 6 MB at most
    (https://docs.aws.amazon.com/general/latest/gr/sagemaker.html; newer endpoints take 25 MB).
    """

    account: str = "123456789012"
    port: int = 4566
    registry_url: str = "http://registry:5000"
    startup_timeout_s: float = 480.0
    ping_timeout_s: float = 2.0
    ping_interval_s: float = 0.1
    invocation_timeout_s: float = 60.0
    max_body_bytes: int = 6 * 1024 * 1024


@dataclass(frozen=True)
class Cloud:
    """What every operation works on."""

    settings: Settings
    state: State
    registry: Registry
    clock: Clock
    moto: MotoServices
    fleets: Fleets
    faults: Faults = field(default_factory=Faults)

    def arn(self, region: str, resource: str, service: str = "sagemaker") -> str:
        """The ARN of a resource of this account."""
        partition = "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov") else "aws"
        return f"arn:{partition}:{service}:{region}:{self.settings.account}:{resource}"
