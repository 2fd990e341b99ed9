"""Publish: an OCI layout to ECR, by digest, sending only the blobs that are not there."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.errors import CloudUnusable, InputError
from infra.registry import Repository, open_repository
from infra.skopeo import copy, push

if TYPE_CHECKING:
    from pathlib import Path

    from infra.cloud import Cloud
    from infra.layout import Layout
    from infra.progress import Progress
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,114}")


@dataclass(frozen=True)
class Published:
    """An image that is in the registry, and what it took to get it there; sizes in bytes."""

    digest: str
    reference: str
    tag: str
    size: int
    bytes_pushed: int
    blobs_pushed: int
    blobs_skipped: int
    changed: bool


def publish(
    cloud: Cloud, repository_name: str, layout: Layout, tag: str, progress: Progress, *, proof: Path | None = None
) -> Published:
    """Bring `layout` into the repository under `tag`, and `proof` beside it; does nothing when it is there.

    A tag never moves: if it names another image already, `<tag>-<digest[:12]>` is used. The digest is checked after.
    """
    repository, done = _publish(cloud, repository_name, layout, tag, progress)
    if proof:
        from infra.supply.proof import attach  # noqa: PLC0415  (most publish without a key)

        attach(repository, layout.digest, proof, progress)
    return done


def bring(source: Cloud, target: Cloud, repository_name: str, digest: str, tag: str, progress: Progress) -> None:
    """Bring an image that is published in one region to another, with its proof; does nothing when it is there.

    Raises InputError where the source does not have it, CloudUnusable where it cannot be copied.
    """
    from infra.supply.cosign import KINDS  # noqa: PLC0415  (few environments have several regions)
    from infra.supply.cosign import tag as proof_tag  # noqa: PLC0415

    with progress.step("publish"):
        there = open_repository(source, repository_name)
        here = open_repository(target, repository_name, create=True)
        assert here is not None  # noqa: S101  (create=True)
        if there is None or there.digest_of(digest) is None:
            raise InputError(
                f"{digest} is not in the ECR repository {repository_name} in {source.region}; publish it there first."
            )
        if here.digest_of(digest) is None:
            if not _TAG.fullmatch(tag):
                tag = digest.removeprefix("sha256:")[:12]
            elif here.digest_of(tag) is not None:
                tag = f"{tag}-{digest.removeprefix('sha256:')[:12]}"
            copy(there, digest, here, tag)
            progress.say(f"{digest} copied from {source.region}")
        for name in (proof_tag(digest, kind) for kind in KINDS):
            if (proof := there.digest_of(name)) and here.digest_of(name) is None:
                copy(there, proof, here, name)


def _publish(
    cloud: Cloud, repository_name: str, layout: Layout, tag: str, progress: Progress
) -> tuple[Repository, Published]:
    if not _TAG.fullmatch(tag):
        raise InputError(
            f"{tag!r} cannot be a tag: letters, digits and _ . - only, at most 115 of them; give the git SHA."
        )
    with progress.step("publish"):
        repository = open_repository(cloud, repository_name, create=True)
        assert repository is not None  # noqa: S101  (create=True)
        tagged = repository.digest_of(tag)
        if tagged not in (None, layout.digest):
            tag = f"{tag}-{layout.digest.removeprefix('sha256:')[:12]}"
            tagged = repository.digest_of(tag)
        if tagged == layout.digest:
            progress.say(f"{layout.digest} is in {repository.uri} already, nothing to push")
            return repository, _published(repository, layout, tag, absent=set(), changed=False)
        with ThreadPoolExecutor(8) as pool:
            there = pool.map(repository.has_blob, (blob.digest for blob in layout.blobs))
            absent = {blob.digest for blob, found in zip(layout.blobs, there, strict=True) if not found}
        push(repository, layout.path, tag)
        arrived = repository.digest_of(tag)
        if arrived != layout.digest:
            raise CloudUnusable(
                f"{repository.uri}:{tag} is {arrived} after the push, and not {layout.digest}: the registry "
                "changed the image or "
                "somebody pushed the same tag; run publish again."
            )
        done = _published(repository, layout, tag, absent, changed=True)
        progress.say(
            f"{layout.digest} pushed: {done.bytes_pushed:,} bytes in {done.blobs_pushed} blobs, "
            f"{done.blobs_skipped} were there"
        )
        return repository, done


def _published(repository: Repository, layout: Layout, tag: str, absent: set[str], *, changed: bool) -> Published:
    return Published(
        digest=layout.digest,
        reference=f"{repository.uri}@{layout.digest}",
        tag=tag,
        size=layout.size,
        bytes_pushed=sum(blob.size for blob in layout.blobs if blob.digest in absent)
        + (len(layout.manifest) if changed else 0),
        blobs_pushed=len(absent),
        blobs_skipped=len(layout.blobs) - len(absent),
        changed=changed,
    )
