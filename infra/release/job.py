"""What each step of a release works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

    from infra.cloud import Cloud
    from infra.config import Config
    from infra.progress import Progress
    from infra.release.names import Place
    from infra.release.report import Report
    from infra.settings import Environment


@dataclass(frozen=True)
class Job:
    """One run of a verb: the cloud and the place it works on, the settings, and where it tells what it does."""

    cloud: Cloud
    config: Config
    place: Place
    progress: Progress
    report: Report

    @property
    def sagemaker(self) -> SageMakerClient:
        """SageMaker, which most steps talk to."""
        return self.cloud.sagemaker

    @property
    def settings(self) -> Environment:
        """The environment's settings."""
        return self.config.environment(self.place.environment)

    @property
    def payload_limit_mb(self) -> int:
        """The largest request that the environment takes, in MiB."""
        return self.config.payload_limit_mb(self.place.environment)

    @property
    def limit(self) -> float:
        """The longest wait for SageMaker, in seconds."""
        return float(self.config.settings.timeouts.deploy_seconds)
