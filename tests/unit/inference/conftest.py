"""A service with a tiny model behind a client, and how many examples a property is tried with.

`--hypothesis-profile=gate` is for what a deployment waits for.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from hypothesis import settings

from inference.pipeline import Pipeline
from inference.server import build_app
from inference.service import Service
from inference.settings import Settings
from tests.contract.tiny_model import write_tiny_model

settings.register_profile("full", max_examples=300, deadline=None)
settings.register_profile("gate", max_examples=15, deadline=None)
settings.load_profile("full")

BUILD = "sha256:0123abcd"


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    return Pipeline.load(write_tiny_model(tmp_path_factory.mktemp("model")), 1, 1, 1_000_000)


@pytest.fixture
def service() -> Service:
    return Service(Settings(max_body_bytes=100_000), BUILD)


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(build_app(service))
    async with httpx.AsyncClient(transport=transport, base_url="http://image") as client:
        yield client
