"""Publish against a real registry: the digest stays, only what is missing travels."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.aws.release.conftest import Project


def test_publish_keeps_the_digest_and_sends_only_what_is_missing(project: Project) -> None:
    first = project.call("publish", "--layout", str(project.layout("one")), "--tag", "aaa")
    assert first.code == 0, first.err
    assert (first.report["blobs_pushed"], first.report["blobs_skipped"], first.report["changed"]) == (2, 0, True)
    assert first.report["bytes_pushed"] > first.report["size"], "blobs and manifest"
    image = project.cloud.client("ecr").describe_images(repositoryName=project.name)["imageDetails"][0]
    assert (image["imageDigest"], image["imageTags"]) == (first.report["digest"], ["aaa"])
    assert (
        first.report["reference"]
        == f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/{project.name}@{image['imageDigest']}"
    )

    again = project.call("publish", "--layout", str(project.folder / "layout-one"), "--tag", "aaa")
    assert (again.report["bytes_pushed"], again.report["changed"]) == (0, False)

    # Another configuration on the same layer: the layer stays where it is.
    second = project.call("publish", "--layout", str(project.layout("two")), "--tag", "bbb")
    assert (second.report["blobs_pushed"], second.report["blobs_skipped"]) == (1, 1)


def test_tag_never_moves(project: Project) -> None:
    project.call("publish", "--layout", str(project.layout("one")), "--tag", "dirty")
    second = project.call("publish", "--layout", str(project.layout("two")), "--tag", "dirty")
    assert second.report["tag"] == f"dirty-{second.report['digest'][7:19]}"
    again = project.call("publish", "--layout", str(project.folder / "layout-two"), "--tag", "dirty")
    assert (again.report["changed"], again.report["tag"]) == (False, second.report["tag"])


def test_new_repository_has_tags_that_never_move(project: Project) -> None:
    project.publish("one")
    made = project.cloud.client("ecr").describe_repositories(repositoryNames=[project.name])["repositories"][0]
    assert made["imageTagMutability"] == "IMMUTABLE"
    assert made["imageScanningConfiguration"]["scanOnPush"] is True


def test_damaged_layouts_are_refused(project: Project) -> None:
    def refused(break_: str) -> str:
        folder = project.layout("one")
        index = folder / "index.json"
        blobs = sorted((folder / "blobs" / "sha256").iterdir(), key=lambda blob: blob.stat().st_size)
        match break_:
            case "not a layout":
                index.unlink()
            case "not JSON":
                index.write_text("{")
            case "two images":
                index.write_text(index.read_text().replace('"manifests": [', '"manifests": [{}, '))
            case "oci":
                index.write_text(index.read_text().replace("docker.distribution.manifest.v2", "oci.image.manifest.v1"))
            case "cut blob":
                blobs[0].write_bytes(blobs[0].read_bytes()[:-1])
            case "damaged manifest":
                digest = index.read_text().split("sha256:")[1][:64]
                (folder / "blobs" / "sha256" / digest).write_text("{}")
        outcome = project.call("publish", "--layout", str(folder), "--tag", "aaa")
        assert outcome.code == 2
        shutil.rmtree(folder)
        return outcome.error

    assert "is not an OCI image layout" in refused("not a layout")
    assert "is not JSON" in refused("not JSON")
    assert "holds 2 images" in refused("two images")
    assert "SageMaker does not take" in refused("oci")
    assert "cut short" in refused("cut blob")
    assert "is damaged" in refused("damaged manifest")


@pytest.mark.parametrize("tag", ["a b", "", "-x", "é"])
def test_tags_that_cannot_be(project: Project, tag: str) -> None:
    refused = project.call("publish", "--layout", str(project.layout("one")), f"--tag={tag}")
    assert refused.code == 2
    assert "cannot be a tag" in refused.error


def test_registry_that_is_away(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_REGISTRY", "http://127.0.0.1:9")
    away = project.call("publish", "--layout", str(project.layout("one")), "--tag", "aaa")
    assert away.code == 6
    assert "could not be reached" in away.error


def test_push_that_fails_half_way_is_told(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = project.folder / "tools"
    tools.mkdir()
    (tools / "skopeo").write_text("#!/bin/sh\necho 'broken pipe' >&2\nexit 1\n")
    (tools / "skopeo").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    failed = project.call("publish", "--layout", str(project.layout("one")), "--tag", "aaa")
    assert failed.code == 6
    assert "broken pipe" in failed.error
