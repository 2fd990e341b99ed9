"""What goes wrong around `dagger call`: wrong words, bad pictures, a broken image, Ctrl-C, two at once.

A mock is live, since no model is judged here.
"""

import json
import os
import shutil
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.pipeline.project import Project

pytestmark = pytest.mark.timeout(1800)

EXPIRED = {
    "Version": 1,
    "AccessKeyId": "AKIAEXAMPLE",
    "SecretAccessKey": "example",
    "SessionToken": "example",
    "Expiration": "2020-01-01T00:00:00Z",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project whose mock is live in `dev`; everything of it is gone afterwards."""
    made = Project.make(tmp_path_factory.mktemp("project"))
    assert made.deploy("--mock")["smoke"]["is_mock"] is True
    yield made
    made.call("destroy", "--env", "dev")


@pytest.fixture(scope="module")
def before(project: Project) -> str:
    """What is live before the first refusal."""
    return project.live()


@pytest.fixture(scope="module")
def sample(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture that can be answered."""
    path = tmp_path_factory.mktemp("sample") / "sample.jpg"
    project.call("model", "--mock", "sample", "export", "--path", str(path))
    return path


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["deploy", "--env", "nowhere"], "no environment 'nowhere'"),
        (["deploy", "--env", "prod", "--mock"], "mock model never goes to production"),
        (["deploy", "--mock", "--weights", "README.md"], "exclude each other"),
        (["deploy", "--weights", "README.md"], "README.md"),
        (["deploy", "--mock", "--aws", "env:EXPIRED"], "expired"),
        (["status", "--aws", "cmd:false"], "What --aws names cannot be had"),
        (["deploy", "--mock", "--notify", "env:NOT_THERE"], "What --notify names cannot be had"),
        (["rollback", "--to", "sha256:0000"], "sha256:0000"),
        (["promote"], "nothing in staging can be promoted"),
        (["previews", "--env", "dev"], "dev is no environment with expires_hours"),
        (["endpoint", "--env", "staging", "up"], "nothing is live in staging"),
        (["model", "--mock", "metrics", "contents"], "no metrics.json"),
        (["image", "--platform", "plan9/mips"], "plan9/mips"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_words_are_told(
    project: Project, before: str, monkeypatch: pytest.MonkeyPatch, words: list[str], sentence: str
) -> None:
    monkeypatch.setenv("EXPIRED", json.dumps(EXPIRED))
    assert sentence in project.refused(*words)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('instance_type = "ml.c7i.large"', 'instance_type = "ml.c7i.large', "slipway.toml is not valid TOML"),
        ('instance_type = "ml.c7i.large"', "instance_count = 0", "environments.dev.instance_count"),
    ],
)
def test_wrong_settings_are_told_by_line(project: Project, before: str, old: str, new: str, sentence: str) -> None:
    with project.edited("slipway.toml", old, new):
        said = project.refused("deploy", "--mock")
    assert sentence in said
    assert "line" in said


def test_an_image_that_never_gets_healthy_is_not_published(project: Project, before: str) -> None:
    start = 'if __name__ == "__main__":'
    with project.edited("inference/__main__.py", start, f'{start}\n    sys.exit("never")'):
        assert "never" in project.refused("deploy", "--mock")


def test_no_refusal_has_touched_what_is_live(project: Project, before: str) -> None:
    assert project.live() == before


def test_a_damaged_picture_and_a_bomb_are_refused_and_the_endpoint_goes_on(
    project: Project, sample: Path, tmp_path: Path
) -> None:
    damaged, bomb = tmp_path / "damaged.jpg", tmp_path / "bomb.png"
    damaged.write_bytes(sample.read_bytes()[:1000])
    Image.new("1", (10_000, 10_000)).save(bomb)
    said = project.refused("invoke", "--image", str(damaged))
    assert "damaged.jpg" in said
    assert "400" in said
    assert "413" in project.refused("invoke", "--image", str(bomb))
    project.call("invoke", "--image", str(sample))


def test_of_two_deployments_at_once_one_is_live_and_a_further_one_works(project: Project, tmp_path: Path) -> None:
    started = []
    for word in ("one", "two"):
        other = Project(tmp_path / word)
        shutil.copytree(project.path, other.path)
        with (other.path / "inference/server.py").open("a") as file:
            file.write(f"# {word}\n")
        started.append(other.start("deploy", "--mock", "digest"))
    ended = [(process.communicate(), process.returncode) for process in started]
    digests = {out.strip() for (out, _), code in ended if code == 0}
    assert digests, [err for (_, err), _ in ended]
    for (_, err), code in ended:
        if code:
            assert "another deploy" in err or "Updating" in err, err
    status = project.live()
    assert any(digest in status for digest in digests)
    assert project.deploy("--mock")["outcome"] == "done"


def interrupt(project: Project, moment: str) -> None:
    """Ctrl-C in a deployment of an edit, once its progress names the moment."""
    # A word never said before: what the engine has judged already, it would not judge again.
    with (project.path / "inference/server.py").open("a") as file:
        file.write(f"# interrupted {uuid.uuid4().hex}\n")
    process = project.start("deploy", "--mock", progress="--progress=plain")
    assert process.stderr is not None
    assert any(moment in line for line in process.stderr)
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode != 0


def test_ctrl_c_before_the_push_changes_nothing(project: Project) -> None:
    live = project.live()
    interrupt(project, "infra.contract")
    assert project.live() == live


def test_ctrl_c_in_the_rollout_leaves_a_live_release_and_the_next_deployment_works(
    project: Project, sample: Path
) -> None:
    interrupt(project, "Updating")
    project.call("invoke", "--image", str(sample))
    assert project.deploy("--mock")["digest"] in project.live()
