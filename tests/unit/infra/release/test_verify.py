"""Whether what SageMaker reports is what was asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from infra.errors import RolloutFailed
from infra.release.endpoint import Endpoint
from infra.release.verify import verify

LIVE = Endpoint(
    name="demo-dev",
    arn="arn:aws:sagemaker:eu-west-1:1:endpoint/demo-dev",
    status="InService",
    config="new",
    target="new",
    digests=("sha256:new",),
    failure="",
    stage="",
    instances=1,
    desired=1,
    since=datetime.now(UTC),
)


def test_what_was_asked_for_is_fine() -> None:
    verify(LIVE, "new", "sha256:new")


@pytest.mark.parametrize(
    ("endpoint", "says"),
    [
        (replace(LIVE, status="Failed", failure="no capacity"), "failed with new. SageMaker's reason: no capacity."),
        (replace(LIVE, config="old"), "is InService with old and not with new: SageMaker rolled the release back"),
        (replace(LIVE, config="old", failure="an alarm"), "SageMaker's reason: an alarm."),
        (replace(LIVE, status="UpdateRollbackFailed"), "is UpdateRollbackFailed with new"),
        (replace(LIVE, digests=("sha256:old",)), "runs sha256:old under new and not sha256:new"),
        (replace(LIVE, digests=("sha256:new", "sha256:old")), "runs sha256:new, sha256:old under new"),
        (replace(LIVE, digests=()), "runs no digest under new"),
    ],
)
def test_everything_else_is_a_failure_with_its_reason(endpoint: Endpoint, says: str) -> None:
    with pytest.raises(RolloutFailed) as caught:
        verify(endpoint, "new", "sha256:new")
    assert says in str(caught.value)
