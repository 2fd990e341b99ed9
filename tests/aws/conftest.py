"""The local cloud as a real process, with a real registry and containers that are small processes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path

import botocore.session
import pytest

from tests.aws.processes import LocalCloud, PushedRegistry, run_registry


@pytest.fixture(scope="session", autouse=True)
def descriptions_are_read_once() -> Iterator[None]:
    """Each verb has a session of its own, and each session would read botocore's megabytes of JSON anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", functools.cache(botocore.session.create_loader))
        yield


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PushedRegistry]:
    """The CNCF distribution registry on a free port."""
    with run_registry(tmp_path_factory.mktemp("registry")) as found:
        yield found


@pytest.fixture
def start_cloud(registry: PushedRegistry) -> Iterator[Callable[..., LocalCloud]]:
    """Starts further local clouds, on a state directory of the test's choice; all are stopped in the end."""
    started: list[LocalCloud] = []

    def start(state: Path, *flags: str) -> LocalCloud:
        cloud = LocalCloud(registry, state, flags)
        started.append(cloud)
        return cloud.start()

    yield start
    for cloud in started:
        cloud.stop()


@pytest.fixture(scope="session")
def local_cloud(registry: PushedRegistry, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A running local cloud, fifty times faster than AWS in its waits, shared by all tests of a session."""
    state = tmp_path_factory.mktemp("localcloud") / "state"
    cloud = LocalCloud(registry, state, ("--time-scale", "0.02", "--ping-timeout", "0.5"))
    try:
        yield cloud.start()
    finally:
        cloud.stop()
