"""What the local cloud remembers, and two processes that share it."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import urllib3

ROOT = Path(__file__).parents[3]
SCALE = ("--time-scale", "0.02", "--ping-timeout", "0.5")
TRUST = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})


class Site:
    """One state directory with a model for each build, and the processes that use it."""

    def __init__(self, registry: Any, directory: Path, start: Callable[..., Any]) -> None:
        self.registry = registry
        self.state = directory / "state"
        self.notes = directory / "notes"
        self._start = start

    def start(self) -> Any:
        return self._start(self.state, *SCALE)

    def configure(self, cloud: Any, *builds: str, **behaviour: Any) -> None:
        iam, sagemaker = cloud.client("iam"), cloud.client("sagemaker")
        if not iam.list_roles()["Roles"]:
            iam.create_role(RoleName="r", AssumeRolePolicyDocument=POLICY)
        role = iam.get_role(RoleName="r")["Role"]["Arn"]
        for build in builds:
            told = {"note_start_in": str(self.notes), **behaviour}
            digest = self.registry.push("state", build, build=build, behaviour=told)
            image = f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/state@{digest}"
            sagemaker.create_model(ModelName=build, ExecutionRoleArn=role, PrimaryContainer={"Image": image})
            variant = {"VariantName": "AllTraffic", "ModelName": build, "InstanceType": "ml.g5.xlarge"}
            sagemaker.create_endpoint_config(
                EndpointConfigName=build, ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
            )

    def starts(self) -> list[str]:
        """Which builds were started, in order."""
        return [line.split()[0] for line in self.notes.read_text().splitlines()] if self.notes.exists() else []


@pytest.fixture
def site(registry: Any, tmp_path: Path, start_cloud: Callable[..., Any]) -> Site:
    return Site(registry, tmp_path, start_cloud)


def ask(cloud: Any) -> str:
    answer = cloud.client("sagemaker-runtime").invoke_endpoint(EndpointName="e", Body=b"x")["Body"].read()
    return str(json.loads(answer)["build"])


def wait(cloud: Any, reached: Callable[[dict[str, Any]], bool], seconds: float = 30) -> dict[str, Any]:
    sagemaker = cloud.client("sagemaker")
    deadline = time.monotonic() + seconds
    while not reached(description := sagemaker.describe_endpoint(EndpointName="e")):
        assert time.monotonic() < deadline, description
        time.sleep(0.02)
    del description["ResponseMetadata"]
    return dict(description)


def in_service(description: dict[str, Any]) -> bool:
    return bool(description["EndpointStatus"] == "InService")


def baking(description: dict[str, Any]) -> bool:
    variants = description.get("PendingDeploymentSummary", {}).get("ProductionVariants", [])
    return any(variant["VariantStatus"][0]["Status"] == "Baking" for variant in variants)


def canary(bake: int) -> dict[str, Any]:
    size = {"Type": "CAPACITY_PERCENT", "Value": 50}
    routing = {"Type": "CANARY", "WaitIntervalInSeconds": bake, "CanarySize": size}
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}}


def test_everything_survives_a_restart(site: Site) -> None:
    """CreationTime, ARNs and tags belong to the resource (AWS API reference: Describe operations)."""
    cloud = site.start()
    site.configure(cloud, "a")
    sagemaker, s3 = cloud.client("sagemaker"), cloud.client("s3")
    sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="a", Tags=[{"Key": "k", "Value": "v"}])
    before = wait(cloud, in_service)
    repository = cloud.client("ecr").create_repository(repositoryName="state")["repository"]
    cloud.client("cloudwatch").put_metric_alarm(
        AlarmName="a",
        Namespace="n",
        MetricName="m",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    cloud.client("cloudwatch").set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="test")
    s3.create_bucket(Bucket="objects", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    large = bytes(range(256)) * 4096
    s3.put_object(Bucket="objects", Key="k", Body=large)
    assert cloud.signal(signal.SIGTERM) == 0

    again = site.start()
    assert wait(again, in_service) == before
    arn = before["EndpointArn"]
    assert again.client("sagemaker").list_tags(ResourceArn=arn)["Tags"] == [{"Key": "k", "Value": "v"}]
    assert again.client("ecr").describe_repositories()["repositories"] == [repository]
    assert again.client("cloudwatch").describe_alarms()["MetricAlarms"][0]["StateValue"] == "ALARM"
    assert again.client("s3").get_object(Bucket="objects", Key="k")["Body"].read() == large
    assert again.client("iam").get_role(RoleName="r")["Role"]["RoleName"] == "r"


def test_a_container_sleeps_after_a_restart_until_it_is_asked(site: Site) -> None:
    """Containers belong to the process: a status call stays fast, the first invocation starts the recorded digest."""
    cloud = site.start()
    site.configure(cloud, "a")
    cloud.client("sagemaker").create_endpoint(EndpointName="e", EndpointConfigName="a")
    wait(cloud, in_service)
    cloud.stop()
    again = site.start()
    wait(again, in_service)
    assert site.starts() == ["a"]
    assert [ask(again), ask(again)] == ["a", "a"]
    assert site.starts() == ["a", "a"]


def test_sigterm_stops_the_containers(site: Site) -> None:
    """AWS has no counterpart: nothing is left behind when the process ends."""
    cloud = site.start()
    site.configure(cloud, "a")
    cloud.client("sagemaker").create_endpoint(EndpointName="e", EndpointConfigName="a")
    wait(cloud, in_service)
    pid = int(site.notes.read_text().split()[1])
    assert cloud.signal(signal.SIGTERM) == 0
    assert not Path(f"/proc/{pid}").exists()


def test_a_killed_process_leaves_its_creation_to_the_next_one(site: Site) -> None:
    """CreateEndpoint goes on whether or not its caller lives (AWS API reference: CreateEndpoint is asynchronous)."""
    cloud = site.start()
    site.configure(cloud, "a", warm_after=1)
    cloud.client("sagemaker").create_endpoint(EndpointName="e", EndpointConfigName="a")
    cloud.signal(signal.SIGKILL)
    again = site.start()
    wait(again, in_service)
    assert ask(again) == "a"


def test_a_killed_process_leaves_its_rollout_where_it_was(site: Site) -> None:
    """A baking period that has begun is not begun again (AWS API reference: WaitIntervalInSeconds)."""
    cloud = site.start()
    site.configure(cloud, "a", "b")
    sagemaker = cloud.client("sagemaker")
    sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="a")
    wait(cloud, in_service)
    sagemaker.update_endpoint(EndpointName="e", EndpointConfigName="b", DeploymentConfig=canary(500))
    before = wait(cloud, baking)
    cloud.signal(signal.SIGKILL)
    again = site.start()
    after = wait(again, baking)
    assert after["PendingDeploymentSummary"] == before["PendingDeploymentSummary"]
    assert {ask(again) for _ in range(30)} == {"a", "b"}
    assert wait(again, in_service)["EndpointConfigName"] == "b"
    assert {ask(again) for _ in range(5)} == {"b"}


def test_two_processes_see_each_other_and_one_drives(site: Site) -> None:
    """Two callers of one account (AWS: any client sees the same resources)."""
    one, two = site.start(), site.start()
    site.configure(one, "a")
    site.configure(one, "b", warm_after=2)  # long enough for both to look at it
    one.client("sagemaker").create_endpoint(EndpointName="e", EndpointConfigName="a")
    wait(two, in_service)
    assert site.starts() == ["a"]
    assert ask(two) == "a"
    assert site.starts() == ["a", "a"]
    two.client("sagemaker").update_endpoint(EndpointName="e", EndpointConfigName="b")
    wait(one, in_service)
    assert site.starts() == ["a", "a", "b"]
    assert (ask(one), ask(two)) == ("b", "b")
    assert one.client("iam").get_role(RoleName="r")
    two.client("iam").create_role(RoleName="second", AssumeRolePolicyDocument=POLICY)
    assert {role["RoleName"] for role in one.client("iam").list_roles()["Roles"]} == {"r", "second"}


def test_a_running_process_takes_over_from_a_killed_one(site: Site) -> None:
    """A rollout never stops because one of the callers went away."""
    one = site.start()
    site.configure(one, "a", "b", warm_after=0.5)
    one.client("sagemaker").create_endpoint(EndpointName="e", EndpointConfigName="a")
    wait(one, in_service)
    two = site.start()
    one.client("sagemaker").update_endpoint(EndpointName="e", EndpointConfigName="b")
    one.signal(signal.SIGKILL)
    assert wait(two, in_service)["EndpointConfigName"] == "b"
    assert ask(two) == "b"


@pytest.mark.parametrize("writers", [4])
def test_writes_at_once_are_all_kept(site: Site, writers: int) -> None:
    """Two processes, several clients each: no role is lost."""
    clouds = [site.start(), site.start()]

    def create(number: int) -> None:
        iam = clouds[number % 2].client("iam")
        iam.create_role(RoleName=f"role-{number}", AssumeRolePolicyDocument=POLICY)

    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(create, range(16)))
    for cloud in clouds:
        assert len(cloud.client("iam").list_roles()["Roles"]) == 16


def test_a_change_back_to_what_a_process_wrote_before_is_kept(site: Site) -> None:
    """What another process wrote in between counts: the last change wins, always."""
    clouds = [site.start(), site.start()]
    one, two = (cloud.client("ecr") for cloud in clouds)
    one.create_repository(repositoryName="app")
    for client, mutability in ((one, "IMMUTABLE"), (two, "MUTABLE"), (one, "IMMUTABLE")):
        client.put_image_tag_mutability(repositoryName="app", imageTagMutability=mutability)
        for reader in (one, two):
            assert reader.describe_repositories()["repositories"][0]["imageTagMutability"] == mutability


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "infra.localcloud", "--host", "127.0.0.1", "--launcher", "process", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("damage", [b"this is not a database", b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_damaged_state_is_a_sentence_and_stays_as_it_is(tmp_path: Path, damage: bytes) -> None:
    """Nothing is lost silently."""
    file = tmp_path / "state.sqlite"
    file.write_bytes(damage)
    ran = run("--port", "0", "--state", str(tmp_path))
    assert ran.returncode == 2
    assert ran.stderr.splitlines()[-1].startswith(f"error: The state file {file} is damaged")
    assert file.read_bytes() == damage


def test_a_state_of_another_version_is_a_sentence(tmp_path: Path) -> None:
    """A newer Slipway's state is not touched."""
    connection = sqlite3.connect(tmp_path / "state.sqlite")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    ran = run("--port", "0", "--state", str(tmp_path))
    assert ran.returncode == 2
    assert "has version 99, this local cloud reads version 1" in ran.stderr


def test_a_damaged_snapshot_is_a_sentence(site: Site) -> None:
    """The roles, alarms and objects that moto keeps are never replaced by nothing."""
    cloud = site.start()
    cloud.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=POLICY)
    cloud.stop()
    connection = sqlite3.connect(site.state / "state.sqlite")
    body = connection.execute("SELECT body FROM snapshots").fetchone()[0]
    with connection:
        connection.execute("UPDATE snapshots SET body = ?", (body[: len(body) // 2],))
    connection.close()
    again = site.start()
    with pytest.raises(Exception, match=r"The saved state of IAM, S3, SNS, ECR and CloudWatch in .* cannot be read"):
        again.client("iam").list_roles()
    with pytest.raises(Exception, match="cannot be read"):
        again.client("iam").create_role(RoleName="r2", AssumeRolePolicyDocument=POLICY)


def test_a_state_directory_that_is_a_file_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ran = run("--port", "0", "--state", str(tmp_path / "file"))
    assert ran.returncode == 2
    assert "cannot be used" in ran.stderr


def test_a_port_that_is_taken_is_a_sentence(tmp_path: Path, local_cloud: Any) -> None:
    ran = run("--port", str(local_cloud.port), "--state", str(tmp_path / "state"))
    assert ran.returncode == 2
    assert f"Port {local_cloud.port} of 127.0.0.1 cannot be used" in ran.stderr


def test_the_dagger_launcher_needs_a_session(tmp_path: Path) -> None:
    ran = run("--port", "0", "--state", str(tmp_path), "--launcher", "dagger")
    assert ran.returncode == 2
    assert "needs a Dagger session" in ran.stderr


def test_health_tells_how_many_containers_run(hosting: Any) -> None:
    hosting.live("a")
    health = urllib3.request("GET", f"{hosting.cloud.url}/_slipway/health").json()
    assert health["status"] == "ready"
    assert health["containers"] >= 1
