"""The SDKs that the engine has built in, as images in a layout that it reads by digest.

`go-sdk` is a Go toolchain with Dagger's code generator. `python-sdk` holds the sources of Dagger's Python SDK, from
its Go module, and beside them the runtime module of our own (python-sdk/).
"""

import platform
from pathlib import Path

from engine.binaries import environment, module_folder
from engine.command import run
from engine.debian import PATH, bootstrap
from engine.oci import ARCHITECTURES, Layout, pack
from engine.paths import BIN, CONTENT, SOURCE, WORK

DIGEST_VARIABLES = {"go-sdk": "DAGGER_GO_SDK_MANIFEST_DIGEST", "python-sdk": "DAGGER_PYTHON_SDK_MANIFEST_DIGEST"}
"""Image → the environment variable in which the engine wants its digest."""

GIT_ROOT = WORK / "go-sdk-root.tar"
PYTHON_FILES = ("src", "codegen", "pyproject.toml", "README.md", "LICENSE", "uv.lock")


def bootstrap_go_root() -> None:
    """The Debian under the Go toolchain; Go fetches some modules with git."""
    bootstrap(GIT_ROOT, ["ca-certificates", "git"])


def build_go() -> None:
    """Puts the host's Go and our code generator on the Debian bootstrapped for them."""
    goroot = Path(run(["go", "env", "GOROOT"], doing="finding Go", env=environment(), cwd=SOURCE).strip())
    toolchain = WORK / "go-sdk-toolchain.tar"
    # The engine takes these two as the first contents of its caches: they must exist.
    empty = WORK / "empty"
    empty.mkdir(parents=True, exist_ok=True)
    pack(
        toolchain,
        {
            "usr/local/go": goroot,
            "usr/local/bin/codegen": BIN / "codegen",
            "go/pkg/mod": empty,
            "root/.cache/go-build": empty,
        },
        leave_out=frozenset(goroot / name for name in ("api", "doc", "test")),
    )
    layout = Layout(CONTENT)
    layers = [layout.add_layer(GIT_ROOT), layout.add_layer(toolchain)]
    env = ["GOPATH=/go", "CGO_ENABLED=0", "GOTOOLCHAIN=local", PATH.replace("=", "=/usr/local/go/bin:/go/bin:")]
    layout.add_image("go-sdk", layers, architecture=ARCHITECTURES[platform.machine()], env=env)


def build_python() -> None:
    """Puts the Python SDK's sources beside our runtime for it."""
    sources = module_folder() / "sdk" / "python"
    tar = WORK / "python-sdk.tar"
    tar.parent.mkdir(parents=True, exist_ok=True)
    pack(tar, {**{name: sources / name for name in PYTHON_FILES}, "runtime": SOURCE / "python-sdk"})
    layout = Layout(CONTENT)
    layout.add_image("python-sdk", [layout.add_layer(tar)], architecture=ARCHITECTURES[platform.machine()], env=[PATH])


def digests() -> dict[str, str]:
    """Environment variables that tell the engine which images to use."""
    images = Layout(CONTENT).images()
    return {variable: images[name] for name, variable in DIGEST_VARIABLES.items()}
