"""The images of ECR: what the real registry holds, told in ECR's words."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable
from typing import Any

from infra.localcloud.cloud import Cloud
from infra.localcloud.errors import AwsError, ImageNotFound, RegistryError
from infra.localcloud.registry import DOCKER_MANIFEST, Manifest, held
from infra.localcloud.state import Transaction

# What moto keeps well; everything else about images is in OPERATIONS, the rest is refused.
REPOSITORY_OPERATIONS = frozenset(
    {
        "CreateRepository",
        "DescribeRepositories",
        "PutImageTagMutability",
        "PutImageScanningConfiguration",
        "PutLifecyclePolicy",
        "GetLifecyclePolicy",
        "DeleteLifecyclePolicy",
        "SetRepositoryPolicy",
        "GetRepositoryPolicy",
        "DeleteRepositoryPolicy",
        "TagResource",
        "UntagResource",
        "ListTagsForResource",
    }
)
_TOKEN_LIFE_S = 12 * 3600  # https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html
_PAGE = 100


def remember_image(transaction: Transaction, region: str, manifest: Manifest) -> float:
    """When an image was first seen, which is what can be known of the time of its push (seconds since 1970)."""
    name = f"{manifest.repository}@{manifest.digest}"
    record = transaction.get("image", region, name)
    if record is None:
        record = {"repository": manifest.repository, "digest": manifest.digest, "pushed": time.time()}
        transaction.put("image", region, name, record)
    return float(record["pushed"])


def get_authorization_token(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """GetAuthorizationToken; the local registry takes any credentials.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html
    """
    del region, request
    token = base64.b64encode(b"AWS:local").decode()
    expires = time.time() + _TOKEN_LIFE_S
    data = {"authorizationToken": token, "expiresAt": expires, "proxyEndpoint": cloud.registry.url}
    return {"authorizationData": [data]}


def describe_images(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """DescribeImages: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html."""
    repository = request["repositoryName"]
    images = _images(cloud, region, repository)
    if wanted := request.get("imageIds"):
        found: dict[str, tuple[Manifest, list[str]]] = {}
        for identifier in wanted:
            manifest = _find(cloud, region, repository, identifier)
            found[manifest.digest] = images.get(manifest.digest, (manifest, []))
        images = found
    with cloud.state.write() as transaction:
        details = [
            {
                "registryId": cloud.settings.account,
                "repositoryName": repository,
                "imageDigest": manifest.digest,
                **({"imageTags": tags} if tags else {}),
                "imageSizeInBytes": manifest.size,
                "imagePushedAt": remember_image(transaction, region, manifest),
                "imageManifestMediaType": manifest.media_type,
                **({} if manifest.is_index else {"artifactMediaType": manifest.content["config"]["mediaType"]}),
            }
            for manifest, tags in images.values()
        ]
    status = (request.get("filter") or {}).get("tagStatus", "ANY")
    details = [detail for detail in details if status in ("ANY", "TAGGED" if "imageTags" in detail else "UNTAGGED")]
    return _page("imageDetails", details, request)


def list_images(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """ListImages: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ListImages.html."""
    status = (request.get("filter") or {}).get("tagStatus", "ANY")
    identifiers: list[dict[str, Any]] = []
    for digest, (_, tags) in _images(cloud, region, request["repositoryName"]).items():
        if tags and status in ("ANY", "TAGGED"):
            identifiers += [{"imageDigest": digest, "imageTag": tag} for tag in tags]
        if not tags and status in ("ANY", "UNTAGGED"):
            identifiers.append({"imageDigest": digest})
    return _page("imageIds", identifiers, request)


def batch_get_image(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """BatchGetImage: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchGetImage.html."""
    repository = request["repositoryName"]
    cloud.moto.repository_mutability(region, repository)
    images, failures = [], []
    for identifier in request["imageIds"]:
        try:
            manifest = _find(cloud, region, repository, identifier)
        except AwsError as error:
            failures.append(_failure(identifier, error))
            continue
        images.append(_image(cloud, manifest, {**identifier, "imageDigest": manifest.digest}))
    return {"images": images, "failures": failures}


def batch_delete_image(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """BatchDeleteImage; the registry deletes a manifest with all its tags.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchDeleteImage.html
    """
    repository = request["repositoryName"]
    images = _images(cloud, region, repository)
    deleted, failures = [], []
    for identifier in request["imageIds"]:
        try:
            manifest = _find(cloud, region, repository, identifier)
        except AwsError as error:
            failures.append(_failure(identifier, error))
            continue
        tags = images.get(manifest.digest, (manifest, []))[1]
        others = [tag for tag in tags if tag != identifier.get("imageTag")]
        if "imageDigest" not in identifier and others:
            reason = (
                f"The local registry cannot remove one tag: {manifest.digest} also has {', '.join(others)}. "
                "Delete it by its digest."
            )
            failures.append({"imageId": identifier, "failureCode": "ImageInaccessible", "failureReason": reason})
            continue
        cloud.registry.delete_manifest(manifest.repository, manifest.digest)
        with cloud.state.write() as transaction:
            transaction.delete("image", region, f"{manifest.repository}@{manifest.digest}")
        deleted += [{"imageDigest": manifest.digest, "imageTag": tag} for tag in tags] or [
            {"imageDigest": manifest.digest}
        ]
    return {"imageIds": deleted, "failures": failures}


def put_image(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """PutImage: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html."""
    repository = request["repositoryName"]
    mutability = cloud.moto.repository_mutability(region, repository)
    body = request["imageManifest"].encode()
    digest = "sha256:" + hashlib.sha256(body).hexdigest()
    if request.get("imageDigest", digest) != digest:
        raise AwsError(
            "ImageDigestDoesNotMatchException", f"The manifest's digest is {digest}, not {request['imageDigest']}."
        )
    tag = request.get("imageTag")
    if tag and tag in cloud.registry.tags(held(region, repository)):
        tagged = cloud.registry.manifest(held(region, repository), tag).digest
        if tagged == digest:
            raise AwsError("ImageAlreadyExistsException", f"{repository}:{tag} already is {digest}.")
        if mutability != "MUTABLE":
            raise AwsError(
                "ImageTagAlreadyExistsException",
                f"The image tag '{tag}' already exists in the '{repository}' repository and cannot be overwritten "
                "because the repository is immutable.",
            )
    media_type = request.get("imageManifestMediaType") or json.loads(body).get("mediaType", DOCKER_MANIFEST)
    try:
        cloud.registry.put_manifest(held(region, repository), tag or digest, media_type, body)
    except (RegistryError, ImageNotFound) as error:
        raise AwsError("LayersNotFoundException", f"The registry refused the manifest: {error}") from error
    manifest = cloud.registry.manifest(held(region, repository), digest)
    with cloud.state.write() as transaction:
        remember_image(transaction, region, manifest)
    return {"image": _image(cloud, manifest, {"imageDigest": digest, **({"imageTag": tag} if tag else {})})}


def empty_repository(cloud: Cloud, region: str, request: dict[str, Any]) -> None:
    """What DeleteRepository needs first: no images, or ``force``.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DeleteRepository.html
    """
    repository = request["repositoryName"]
    images = _images(cloud, region, repository)
    if images and not request.get("force"):
        raise AwsError(
            "RepositoryNotEmptyException",
            f"The repository with name '{repository}' in registry with id '{cloud.settings.account}' cannot be "
            "deleted because it still contains images",
        )
    for digest in images:
        cloud.registry.delete_manifest(held(region, repository), digest)
        with cloud.state.write() as transaction:
            transaction.delete("image", region, f"{held(region, repository)}@{digest}")


OPERATIONS: dict[str, Callable[[Cloud, str, dict[str, Any]], dict[str, Any]]] = {
    "GetAuthorizationToken": get_authorization_token,
    "DescribeImages": describe_images,
    "ListImages": list_images,
    "BatchGetImage": batch_get_image,
    "BatchDeleteImage": batch_delete_image,
    "PutImage": put_image,
}


def _images(cloud: Cloud, region: str, repository: str) -> dict[str, tuple[Manifest, list[str]]]:
    """Every image by digest with its tags: all tagged ones, and the untagged ones that were seen before."""
    cloud.moto.repository_mutability(region, repository)
    images: dict[str, tuple[Manifest, list[str]]] = {}
    with cloud.state.read() as transaction:
        known = transaction.list("image", region)
    seen = [record["digest"] for record in known if record["repository"] == held(region, repository)]
    for reference in [*cloud.registry.tags(held(region, repository)), *seen]:
        try:
            manifest = cloud.registry.manifest(held(region, repository), reference)
        except ImageNotFound:
            continue
        tags = images.setdefault(manifest.digest, (manifest, []))[1]
        if reference != manifest.digest:
            tags.append(reference)
    return images


def _find(cloud: Cloud, region: str, repository: str, identifier: dict[str, str]) -> Manifest:
    cloud.moto.repository_mutability(region, repository)
    reference = identifier.get("imageDigest") or identifier.get("imageTag")
    if not reference:
        raise AwsError("InvalidParameterException", "An image identifier needs imageDigest or imageTag.")
    try:
        manifest = cloud.registry.manifest(held(region, repository), reference)
        tag = identifier.get("imageTag")
        if tag and cloud.registry.manifest(held(region, repository), tag).digest != manifest.digest:
            raise AwsError("ImageTagDoesNotMatchDigest", f"{repository}:{tag} is not {reference}.")
    except ImageNotFound as error:
        shown = "{" + ", ".join(f"{key}:'{value}'" for key, value in sorted(identifier.items())) + "}"
        raise AwsError(
            "ImageNotFoundException",
            f"The image with imageId {shown} does not exist within the repository with name '{repository}' in the "
            f"registry with id '{cloud.settings.account}'",
        ) from error
    return manifest


def _image(cloud: Cloud, manifest: Manifest, identifier: dict[str, str]) -> dict[str, Any]:
    return {
        "registryId": cloud.settings.account,
        "repositoryName": manifest.repository.partition("/")[2],
        "imageId": identifier,
        "imageManifest": manifest.body.decode(),
        "imageManifestMediaType": manifest.media_type,
    }


def _failure(identifier: dict[str, str], error: AwsError) -> dict[str, Any]:
    codes = {"ImageNotFoundException": "ImageNotFound", "InvalidParameterException": "MissingDigestAndTag"}
    code = codes.get(error.code or "", error.code)
    reason = "Requested image not found" if code == "ImageNotFound" else error.message
    return {"imageId": identifier, "failureCode": code, "failureReason": reason}


def _page(key: str, items: list[dict[str, Any]], request: dict[str, Any]) -> dict[str, Any]:
    token = request.get("nextToken", "0")
    if not token.isdecimal():
        raise AwsError("InvalidParameterException", f"Invalid nextToken {token!r}.")
    end = int(token) + request.get("maxResults", _PAGE)
    page: dict[str, Any] = {key: items[int(token) : end]}
    return {**page, "nextToken": str(end)} if end < len(items) else page
