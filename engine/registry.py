"""A registry on the loopback interface that stands in for docker.io and holds the base image."""

import json
import urllib.error
import urllib.parse
import urllib.request

from engine.debian import REPOSITORY, TAG, image_digest
from engine.errors import StartFailed
from engine.instance import Instance
from engine.oci import MANIFEST, Layout
from engine.paths import BASE, BIN

PROGRAM = BIN / "docker-registry"

# A proxy of the environment must not come between us and the loopback interface.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def configuration(instance: Instance) -> str:
    """The registry's configuration; JSON is YAML."""
    return json.dumps(
        {
            "version": 0.1,
            "log": {"level": "warn", "accesslog": {"disabled": True}},
            "storage": {
                "filesystem": {"rootdirectory": str(instance.home / "registry")},
                "delete": {"enabled": True},
            },
            "http": {"addr": instance.registry},
        },
        indent=1,
    )


def _call(method: str, url: str, data: bytes | None = None, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - the caller gives http://
    try:
        with _direct.open(request, timeout=60) as answer:
            return answer.status, answer.headers.get("Location", "")
    except urllib.error.HTTPError as error:
        return error.code, ""


def answers(instance: Instance) -> bool:
    """Whether a registry answers on the instance's port."""
    try:
        return _call("GET", f"http://{instance.registry}/v2/")[0] == 200
    except OSError:
        return False


def ensure_base(instance: Instance) -> None:
    """Puts the base image into the registry unless that very digest is there (OCI distribution-spec v1.1, "Push").

    Raises:
        StartFailed: the registry refuses it.
    """
    layout = Layout(BASE)
    digest = image_digest()
    api = f"http://{instance.registry}/v2/{REPOSITORY}"
    if _call("HEAD", f"{api}/manifests/{digest}", Accept=MANIFEST)[0] != 200:
        manifest = layout.manifest(digest)
        for blob in (manifest["config"]["digest"], *(layer["digest"] for layer in manifest["layers"])):
            if _call("HEAD", f"{api}/blobs/{blob}")[0] == 200:
                continue
            _, location = _call("POST", f"{api}/blobs/uploads/", b"")
            target = urllib.parse.urljoin(api, location)
            mark = "&" if "?" in target else "?"
            data = layout.blob(blob).read_bytes()
            _put(f"{target}{mark}digest={urllib.parse.quote(blob)}", data, "application/octet-stream")
    _put(f"{api}/manifests/{TAG}", layout.blob(digest).read_bytes(), MANIFEST)


def _put(url: str, data: bytes, media_type: str) -> None:
    status, _ = _call("PUT", url, data, **{"Content-Type": media_type})
    if status != 201:
        raise StartFailed(
            f"The registry on {urllib.parse.urlsplit(url).netloc} refused the base image with HTTP {status}: look into "
            "registry.log; `make engine-down PURGE=1` begins anew."
        )
