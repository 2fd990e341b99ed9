"""Signatures, provenance and SBOM beside an image, in a real registry with tags that never move."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from infra.supply.__main__ import main
from infra.supply.keys import public_pem

if TYPE_CHECKING:
    from tests.aws.release.conftest import Outcome, Project

SBOM = {"bomFormat": "CycloneDX", "components": [{"name": "one"}, {"name": "two"}]}


def new_key(project: Project, name: str = "slipway") -> Path:
    """A private key as a file, its public half beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    path = project.folder / f"{name}.key"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    path.with_suffix(".pub").write_bytes(public_pem(key))
    return path


def signed(project: Project, layout: Path, key: Path, commit: str = "abc1234", sbom: Any = SBOM) -> Path:
    """What `python -m infra.supply` writes for an image."""
    folder = project.folder / f"proof-{layout.name}-{key.stem}-{commit}"
    shutil.rmtree(folder, ignore_errors=True)
    root, locks = project.folder / "root", project.folder / "locks"
    for path, text in {
        root / "opt/slipway/build.json": json.dumps({"build": "b", "inputs": {"platform": "linux/amd64"}}),
        locks / "uv.lock": "locked",
        project.folder / "sbom.cdx.json": json.dumps(sbom),
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    shared = ["--layout", str(layout), "--name", "slipway", "--sbom", str(project.folder / "sbom.cdx.json")]
    stated = str(project.folder / "provenance.json")
    origin = ["--root", str(root), "--locks", str(locks), "--commit", commit, "--builder", "https://example.com/engine"]
    assert main(["provenance", *shared, *origin, "--output", stated]) == 0
    assert main(["sign", *shared, "--provenance", stated, "--key", str(key), "--output", str(folder)]) == 0
    return folder


def publish(project: Project, layout: Path, *proof: Path) -> Outcome:
    words = [word for folder in proof for word in ("--proof", str(folder))]
    return project.call("publish", "--layout", str(layout), "--tag", "aaa", *words)


def verify(project: Project, digest: str, key: Path) -> Outcome:
    return project.call("verify-image", "--digest", digest, "--public-key", str(key.with_suffix(".pub")))


def test_the_proof_lies_beside_the_image_which_stays_as_it_is(project: Project) -> None:
    key, layout = new_key(project), project.layout("one")
    done = publish(project, layout, signed(project, layout, key))
    assert done.code == 0, done.err
    digest = done.report["digest"]
    found = verify(project, digest, key)
    assert found.code == 0, found.err
    assert found.report == {
        "digest": digest,
        "builder": "https://example.com/engine",
        "commit": "abc1234",
        "components": 2,
    }
    images = project.cloud.client("ecr").describe_images(repositoryName=project.name)["imageDetails"]
    beside = {tag for image in images if image["imageDigest"] != digest for tag in image["imageTags"]}
    assert beside == {f"{digest.replace(':', '-')}.{kind}" for kind in ("sbom", "att", "sig")}
    [image] = [one for one in images if one["imageDigest"] == digest]
    assert image["imageManifestMediaType"] == "application/vnd.docker.distribution.manifest.v2+json"


def test_publishing_again_changes_nothing_even_from_another_commit(project: Project) -> None:
    key, layout = new_key(project), project.layout("one")
    digest = publish(project, layout, signed(project, layout, key)).report["digest"]
    again = publish(project, layout, signed(project, layout, key, commit="def5678"))
    assert again.code == 0, again.err
    assert verify(project, digest, key).report["commit"] == "abc1234"


def test_an_interrupted_push_is_completed(project: Project) -> None:
    key, layout = new_key(project), project.layout("one")
    folder = signed(project, layout, key)
    whole = folder / "sig"
    whole.rename(project.folder / "sig")
    broken = publish(project, layout, folder)
    assert broken.code != 0
    (project.folder / "sig").rename(whole)
    done = publish(project, layout, folder)
    assert verify(project, done.report["digest"], key).code == 0


def test_another_key_cannot_sign_over(project: Project) -> None:
    key, other, layout = new_key(project), new_key(project, "other"), project.layout("one")
    digest = publish(project, layout, signed(project, layout, key)).report["digest"]
    refused = publish(project, layout, signed(project, layout, other))
    assert refused.code == 3
    assert "Its tags never move" in refused.error
    assert verify(project, digest, key).code == 0
    strange = verify(project, digest, other)
    assert strange.code == 3
    assert "no signature of it is by this public key" in strange.error


def test_what_is_missing_is_told(project: Project) -> None:
    key, layout = new_key(project), project.layout("one")
    digest = publish(project, layout).report["digest"]
    refused = verify(project, digest, key)
    assert refused.code == 3
    for kind in ("sbom", "att", "sig"):
        assert f"{digest.replace(':', '-')}.{kind} is missing" in refused.error


def test_another_sbom_than_the_signed_one_is_told(project: Project) -> None:
    key, layout = new_key(project), project.layout("one")
    folder = signed(project, layout, key)
    shorter = signed(project, layout, key, commit="def5678", sbom=SBOM | {"components": []})
    shutil.rmtree(folder / "sbom")
    shutil.copytree(shorter / "sbom", folder / "sbom")
    refused = publish(project, layout, folder)
    assert refused.code == 3
    assert "its SBOM is not the one that the signed provenance names" in refused.error


def test_a_proof_of_another_image_is_none(project: Project) -> None:
    key, one, two = new_key(project), project.layout("one"), project.layout("two")
    refused = publish(project, two, signed(project, one, key))
    assert refused.code == 3
    assert "no signature of it is by this public key" in refused.error


def test_the_provenance_of_another_image_is_none(project: Project) -> None:
    key, one, two = new_key(project), project.layout("one"), project.layout("two")
    folder, other = signed(project, one, key), signed(project, two, key)
    shutil.rmtree(folder / "att")
    shutil.copytree(other / "att", folder / "att")
    refused = publish(project, one, folder)
    assert refused.code == 3
    assert "no provenance of it is signed by this public key" in refused.error


def test_without_a_key_nothing_can_be_verified(project: Project) -> None:
    digest = project.publish("one")
    refused = project.call("verify-image", "--digest", digest)
    assert refused.code == 2
    assert "there is no public key" in refused.error
    tagged = verify(project, "one", new_key(project))
    assert (tagged.code, "'one' is not an image digest" in tagged.error) == (2, True)
    away = project.call("verify-image", "--digest", digest, "--public-key", "nowhere.pub")
    assert away.code == 2
    assert "cannot be read" in away.error


def test_an_image_that_is_not_there_is_told(project: Project) -> None:
    key = new_key(project)
    project.publish("one")
    refused = verify(project, f"sha256:{'0' * 64}", key)
    assert refused.code == 2
    assert "is not in the ECR repository" in refused.error


@pytest.mark.parametrize("given", ["no proof", "another key's", "the key's"])
def test_production_takes_images_of_its_key_alone(project: Project, given: str) -> None:
    key, layout = new_key(project), project.layout("one")
    text = project.toml.read_text()
    project.toml.write_text(f'{text}\n[signing]\npublic_key = """\n{key.with_suffix(".pub").read_text()}"""\n')
    signer = new_key(project, "other") if given == "another key's" else key
    proof = [] if given == "no proof" else [signed(project, layout, signer)]
    digest = publish(project, layout, *proof).report["digest"]
    done = project.deploy(digest, env="prod")
    if given == "the key's":
        assert done.code == 0, done.err
        assert project.call("verify-image", env="prod").report["digest"] == digest
    else:
        assert done.code == 3
        assert "signing.public_key asks for signed images in production" in done.error
        assert "line" in done.error
        # Where nobody asks for a signature, the same image is taken.
        assert project.deploy(digest, env="dev").code == 0


def test_what_is_live_already_gets_its_proof_with_the_next_deployment(project: Project) -> None:
    key, layout = new_key(project), project.layout("one")
    sample = ["--sample", str(project.folder / "sample.jpg"), "--expected", str(project.folder / "sample.json")]
    words = ["--layout", str(layout), "--git-sha", "abc1234", *sample]
    first = project.call("deploy", *words)
    assert first.code == 0, first.err
    again = project.call("deploy", *words, "--proof", str(signed(project, layout, key)))
    assert again.report["outcome"] == "unchanged"
    assert verify(project, first.report["digest"], key).code == 0
