"""NOTICE names every package that the published image holds, with the licence that the package itself states."""

import re
from importlib.metadata import metadata
from pathlib import Path

import pytest

from tests.unit.lockfile import locked

ROOT = Path(__file__).parents[3]
# Licences that packages state in words of their own.
SPDX = {
    "Apache 2.0": "Apache-2.0",
    "MIT License": "MIT",
    "3-Clause BSD License": "BSD-3-Clause",
    "BSD 3-Clause License": "BSD-3-Clause",
}


def noticed() -> dict[str, str]:
    """Name and licence of every package that NOTICE lists."""
    lines = re.findall(r"^  ([a-z0-9-]+) {2,}(.+?)(?: \(.*\))?$", (ROOT / "NOTICE").read_text(), re.MULTILINE)
    return dict(lines)


def test_every_package_is_named_and_no_other() -> None:
    assert noticed().keys() == locked("inference")


def test_every_package_of_images_for_gpus_is_named_and_no_other() -> None:
    named = re.findall(r"^    ([a-z0-9-]+) {2,}\S", (ROOT / "NOTICE").read_text(), re.MULTILINE)
    assert {"onnxruntime", *named} == {"onnxruntime"} | (locked("cuda") | locked("cuda12")) - locked("inference")


@pytest.mark.parametrize(("name", "licence"), noticed().items())
def test_the_licence_is_the_package_s_own(name: str, licence: str) -> None:
    about = metadata(name).json
    # Some state the whole text, which its first line names.
    stated = str(about.get("license_expression") or about.get("license")).partition("\n")[0]
    assert SPDX.get(stated, stated) == licence


@pytest.mark.parametrize("name", ["ultralytics", "torch", "torchvision"])
def test_the_image_holds_neither_trainer_nor_torch(name: str) -> None:
    assert name not in locked("inference")
