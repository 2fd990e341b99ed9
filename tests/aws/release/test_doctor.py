"""`doctor`: for each way in which an environment can be broken, the first thing that it says is why."""

from __future__ import annotations

import itertools
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from botocore.exceptions import ClientError

from infra.doctor.failures import _REASONS
from infra.doctor.output import _SIGNS
from infra.release.logs import Line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.aws.release.conftest import Project


def findings(project: Project, env: str = "dev") -> list[dict[str, Any]]:
    told = project.call("doctor", env=env)
    assert told.code == 0, told.err
    for finding in told.report:
        assert finding["cause"] in told.out
        assert finding["remedy"] in told.out
        assert finding["evidence"]
    found: list[dict[str, Any]] = told.report
    return found


def deployed(project: Project, build: str = "one", **behaviour: Any) -> str:
    digest = project.publish(build, says=["ready"], **behaviour)
    assert project.deploy(digest).code == 0
    return digest


def test_a_healthy_endpoint_has_nothing(project: Project) -> None:
    deployed(project)
    told = project.call("doctor")
    assert (told.report, "nothing wrong was found" in told.out) == ([], True)


def test_nothing_is_deployed(project: Project) -> None:
    (finding,) = findings(project)
    assert finding["cause"] == "Nothing is deployed."
    assert "dagger call deploy --env dev" in finding["remedy"]


def test_a_container_that_never_became_healthy(project: Project) -> None:
    said = '{"event": "model_failed", "message": "There is no model in /opt/ml/model."}'
    digest = project.publish("bad", says=[said], exit=1)
    assert project.deploy(digest).code == 4
    first, second, *_ = findings(project)
    assert first["cause"] == "The container did not answer /ping with 200 in time."
    assert second["cause"] == "The server could not load its model."
    assert "There is no model in /opt/ml/model." in second["evidence"][-1]


def test_a_release_that_was_taken_back_silently(project: Project) -> None:
    deployed(project)
    (live,) = project.configs()
    variants = project.sagemaker.describe_endpoint_config(EndpointConfigName=live)["ProductionVariants"]
    # What a deploy leaves that was killed before it could tidy up.
    tags = {"project": project.name, "environment": "dev", "digest": "sha256:" + "b" * 64, "git-sha": "bad1234"}
    project.sagemaker.create_endpoint_config(
        EndpointConfigName=f"{project.endpoint()}-{'b' * 12}-{'0' * 8}",
        ProductionVariants=variants,
        Tags=[
            {"Key": f"slipway:{key}", "Value": value}
            for key, value in {**tags, "created": "2999-01-01T00:00:00+00:00"}.items()
        ],
    )
    (finding,) = findings(project)
    assert "took it back and reports InService" in finding["cause"]
    assert "git bad1234" in finding["evidence"][0]


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("Killed process 7 (python3)", "The container ran out of memory."),
        ("CUDA error: CUDA driver version is insufficient for CUDA runtime", "The image needs a GPU"),
        (
            '{"event": "model_failed", "message": "The GPU\'s driver runs CUDA 12.4 at most"}',
            "The image needs a GPU",
        ),
        (
            '{"event": "model_failed", "message": "This image runs on an NVIDIA GPU and it finds none"}',
            "The image needs a GPU",
        ),
        ('{"level": "error", "event": "bug", "traceback": "Traceback\\nZeroDivisionError: x"}', "The server fails"),
        ('{"event": "unknown_setting", "setting": "SLIPWAY_TREADS"}', "A variable of the container"),
        ('{"event": "invocation", "status": 503, "code": "overloaded"}', "More requests come"),
    ],
)
def test_what_the_containers_say(project: Project, line: str, cause: str) -> None:
    digest = project.publish("one", says=[line])
    assert project.deploy(digest).code == 0
    (finding,) = findings(project)
    assert finding["cause"].startswith(cause)


def test_what_an_earlier_release_said_is_over(project: Project) -> None:
    assert project.deploy(project.publish("bad", says=["Killed process 7 (python3)"], exit=1)).code == 4
    assert findings(project)
    deployed(project)
    assert findings(project) == []


def test_of_too_many_lines_the_first_and_the_newest_are_read(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    deployed(project)

    def endless(_cloud: object, _place: object, age: timedelta) -> Iterator[Line]:
        yield Line("now", "main/i-1", "Killed process" if age == timedelta(minutes=10) else "exec format error", "1")
        yield from (Line("now", "main/i-1", "invocation", str(number)) for number in itertools.count(2))

    monkeypatch.setattr("infra.doctor.examine._MOST", 100)
    monkeypatch.setattr("infra.doctor.examine.read", endless)
    monkeypatch.setattr("infra.doctor.examine._age", lambda *_: timedelta(days=1))
    causes = {finding["cause"] for finding in findings(project)}
    assert causes == {
        "The container ran out of memory.",
        "The image was built for another processor than the instances have.",
    }


def test_an_image_that_was_deleted_from_ecr(project: Project) -> None:
    digest = deployed(project)
    project.cloud.client("ecr").batch_delete_image(repositoryName=project.name, imageIds=[{"imageDigest": digest}])
    assert findings(project)[0]["cause"].startswith("The live image is no longer in ECR")


def test_a_role_that_was_deleted(project: Project) -> None:
    deployed(project)
    project.cloud.client("iam").delete_role(RoleName=f"{project.name}-runtime")
    assert findings(project)[0]["cause"].startswith("The execution role does not exist")


def test_what_is_live_and_has_not_passed(project: Project) -> None:
    assert project.deploy(project.publish("one", says=["ready"], detections=[])).code == 4
    (finding,) = findings(project)
    assert finding["cause"] == "What is live has not passed its smoke test."


def test_what_may_not_be_looked_at_hides_nothing_else(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = deployed(project)
    project.cloud.client("ecr").batch_delete_image(repositoryName=project.name, imageIds=[{"imageDigest": digest}])

    def denied(*_: object) -> NoReturn:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not for you"}}, "GetRole")

    monkeypatch.setattr("infra.doctor.examine._role", denied)
    gone, unknown = findings(project)
    assert gone["cause"].startswith("The live image is no longer in ECR")
    assert unknown["cause"] == "Nobody knows about the execution role: it cannot be looked at."
    assert "AWS denied GetRole: not for you" in unknown["evidence"][0]


def test_remedies_name_only_what_the_verbs_take() -> None:
    taken = {"weights", "filter", "env"}
    for remedy in [*(sign[3] for sign in _SIGNS), *(reason[2] for reason in _REASONS)]:
        assert set(re.findall(r"--([a-z-]+)", remedy)) <= taken


def test_an_alarm_that_is_on(project: Project) -> None:
    assert project.deploy(project.publish("one", says=["ready"]), env="guarded").code == 0
    cloudwatch = project.cloud.client("cloudwatch")
    (alarm,) = cloudwatch.describe_alarms(AlarmNamePrefix=f"{project.name}/guarded/")["MetricAlarms"]
    cloudwatch.set_alarm_state(AlarmName=alarm["AlarmName"], StateValue="ALARM", StateReason="seven errors")
    (finding,) = findings(project, "guarded")
    assert finding["cause"] == "The alarm on Invocation5XXErrors is on."
    assert "seven errors" in finding["evidence"][0]
