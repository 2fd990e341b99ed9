from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from inference.errors import ModelError
from inference.modelfiles import ModelFiles
from inference.runtimes.load import batched, load_networks, load_quiet
from inference.runtimes.mock import MockNetwork
from inference.runtimes.network import Network
from inference.runtimes.onnx import OnnxNetwork
from inference.tasks.load import load_task
from tests.contract.tiny_model import LABELS, tiny_onnx

if TYPE_CHECKING:
    from inference.runtimes.network import Outputs


def model(
    weights: Path | None, side: int = 64, labels: tuple[str, ...] = LABELS, *, rectangular: bool = False
) -> ModelFiles:
    return ModelFiles("tiny", "sha256:0", "detect", side, labels, 0.25, 0.45, weights, rectangular)


def loaded(model: ModelFiles, workers: int = 1, threads: int = 1) -> list[Network]:
    return load_networks(model, load_task(model), workers, threads)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "model.onnx"
    path.write_bytes(tiny_onnx())
    return path


def test_the_network_is_run(weights: Path) -> None:
    (network,) = loaded(model(weights))
    batch = np.zeros((2, 3, 64, 64), np.float32)
    batch[1, 2, 8:16, 16:24] = 1
    (heads,) = network(batch)
    assert heads.shape == (2, 7, 64)
    assert np.max(heads[0, 4:]) == 0
    assert np.argwhere(heads[1, 4:] == 1).tolist() == [[2, 10]]
    assert heads[1, :4, 10].tolist() == [20, 12, 16, 16]
    assert network.runtime["provider"] == "CPUExecutionProvider"


def test_rectangles_go_in_where_the_model_takes_them(weights: Path) -> None:
    with pytest.raises(ModelError, match="height, width"):
        loaded(model(weights, rectangular=True))
    weights.write_bytes(tiny_onnx(rectangular=True))
    (network,) = loaded(model(weights, rectangular=True))
    (heads,) = network(np.zeros((1, 3, 32, 64), np.float32))
    assert heads.shape == (1, 7, 32)
    assert heads[0, :4, -1].tolist() == [60, 28, 16, 16]


def test_a_model_that_takes_any_size_is_fixed_where_it_is_given_squares(weights: Path) -> None:
    squares = loaded(model(weights))[0]
    weights.write_bytes(tiny_onnx(rectangular=True))
    (network,) = loaded(model(weights))
    batch = np.random.default_rng(1).random((2, 3, 64, 64), np.float32)
    assert np.array_equal(network(batch)[0], squares(batch)[0])
    with pytest.raises(Exception, match="Got: 32 Expected: 64"):
        network(np.zeros((1, 3, 32, 64), np.float32))


def test_workers_of_one_thread_share_a_session_and_others_do_not(weights: Path) -> None:
    assert len(set(map(id, loaded(model(weights), 3, 1)))) == 1
    assert len(set(map(id, loaded(model(weights), 2, 2)))) == 2


def test_a_quiet_network_answers_as_the_others_do_bit_for_bit(weights: Path) -> None:
    given = model(weights)
    quiet = load_quiet(given, load_task(given), 2, 2)
    assert quiet is not None
    batch = np.random.default_rng(1).random((1, 3, 64, 64), np.float32)
    (one,), (other,) = quiet(batch), loaded(given, 2, 1)[0](batch)
    assert np.array_equal(one, other)


@pytest.mark.parametrize(("workers", "threads"), [(1, 2), (2, 1)])
def test_there_is_no_quiet_network_where_it_would_be_the_same(weights: Path, workers: int, threads: int) -> None:
    given = model(weights)
    assert load_quiet(given, load_task(given), workers, threads) is None


def test_a_batch_is_answered_picture_by_picture(weights: Path) -> None:
    given = model(weights)
    batching = batched(loaded(given)[0], given, load_task(given), 4, 0.0)
    batch = np.zeros((1, 3, 64, 64), np.float32)
    batch[0, 1] = 1
    assert np.array_equal(batching(batch)[0], loaded(given)[0](batch)[0])


class Forgetful:
    """Answers the first of a batch only, as a graph with NMS inside may."""

    def __init__(self, network: Network) -> None:
        self.runtime = network.runtime
        self._network = network

    def __call__(self, batch: NDArray[np.float32]) -> Outputs:
        (head,) = self._network(batch)
        head[1:] = 0
        return (head,)


def test_a_network_that_forgets_all_but_the_first_is_not_given_batches(weights: Path) -> None:
    given = model(weights)
    with pytest.raises(ModelError, match="SLIPWAY_BATCH=1"):
        batched(Forgetful(loaded(given)[0]), given, load_task(given), 2, 0.0)


@pytest.mark.parametrize("content", [b"", b"not a model", tiny_onnx()[:200]])
def test_a_file_that_is_no_model(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="cannot be loaded") as failed:
        loaded(model(path))
    assert "\n" not in str(failed.value)


def test_a_model_that_is_not_what_its_description_says(weights: Path) -> None:
    with pytest.raises(ModelError, match="320"):
        loaded(model(weights, side=320))
    with pytest.raises(ModelError, match="2 classes"):
        loaded(model(weights, labels=("red", "green")))


def test_a_model_that_answers_with_nonsense(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OnnxNetwork, "__call__", lambda *_: (np.full((1, 7, 64), np.nan, np.float32),))
    with pytest.raises(ModelError, match="not finite"):
        loaded(model(weights))


def test_the_mock_finds_one_thing_in_the_middle() -> None:
    (network,) = loaded(model(None))
    assert isinstance(network, MockNetwork)
    (heads,) = network(np.zeros((2, 3, 64, 64), np.float32))
    assert heads.shape == (2, 7, 1)
    assert heads[1, :, 0].tolist() == pytest.approx([32, 32, 32, 32, 0.9, 0, 0])
