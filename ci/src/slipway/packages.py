"""The runtime's Python packages, without what serving never touches."""

import dagger

from slipway.toolchain import PYTHON, uv

UNUSED = (
    "bin",
    "flatbuffers google sympy mpmath",
    "onnxruntime/transformers onnxruntime/quantization onnxruntime/tools onnxruntime/datasets onnxruntime/backend",
    "onnxruntime/capi/libonnxruntime.so.*",
    "numpy/random numpy/fft numpy/f2py numpy/polynomial numpy/testing numpy/typing",
    "numpy/_core/_simd*.so numpy/_core/_*_tests*.so",
    "PIL/_avif* pillow.libs/libavif*",
)
"""Half of what the packages bring: what only training, tests, C++ programs or the AVIF format load."""


TARGETS = {"linux/amd64": "x86_64-manylinux_2_28", "linux/arm64": "aarch64-manylinux_2_28"}
"""uv's names for the platforms, with the oldest C library that the locked wheels are built for."""


def packages(locked: dagger.Directory, platform: dagger.Platform, unused: tuple[str, ...] = ()) -> dagger.Directory:
    """Locked packages as a folder to be imported from: no tests, headers, training tools; compiled.

    Args:
        locked: holds `requirements.txt`.
        platform: what they are for; nothing of them is run here.
        unused: what else to leave out, as shell patterns.
    """
    install = ["uv", "pip", "install", "-q", "--require-hashes", "--no-deps", "--target", "/site"]
    prune = (
        "cd /site && rm -rf $1"
        " && find . -type d \\( -name tests -o -name test -o -name include \\) -prune -exec rm -rf {} +"
        " && find . \\( -name '*.pyi' -o -name '*.h' -o -name '*.a' -o -name '*.pxd' \\) -delete"
        " && python3 -m compileall -q --invalidation-mode unchecked-hash ."
    )
    return (
        uv()
        .with_directory("/locked", locked)
        .with_exec(
            [*install, "--python-version", PYTHON, "--python-platform", TARGETS[str(platform)]]
            + ["--only-binary", ":all:", "-r", "/locked/requirements.txt"]
        )
        .with_exec(["sh", "-ec", prune, "prune", " ".join((*UNUSED, *unused))])
        .directory("/site")
    )
