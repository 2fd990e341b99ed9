"""The image holds all of `inference/` but what trains and exports."""

from pathlib import Path

from slipway import image

INFERENCE = Path(__file__).parents[3] / "inference"


def test_every_file_of_the_server_is_in_the_image() -> None:
    files = {path.relative_to(INFERENCE) for path in INFERENCE.rglob("*") if path.is_file()}
    wanted = {path for path in files if path.parts[0] != "model" and path.suffix not in (".pyc", ".md")}
    held = {path.relative_to(INFERENCE) for part in image.PARTS for path in INFERENCE.glob(part)}
    assert sorted(wanted - held) == []
