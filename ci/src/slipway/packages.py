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


def packages(locked: dagger.Directory, unused: tuple[str, ...] = ()) -> dagger.Directory:
    """Locked packages as a folder to be imported from: no tests, headers, training tools; compiled.

    Args:
        locked: holds `requirements.txt`.
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
        .with_exec([*install, "--python-version", PYTHON, "-r", "/locked/requirements.txt"])
        .with_exec(["sh", "-ec", prune, "prune", " ".join((*UNUSED, *unused))])
        .directory("/site")
    )
