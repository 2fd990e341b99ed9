"""AWS's price list becomes a table of slipway.toml; what cannot be read is told."""

from __future__ import annotations

import json
import re
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from infra.__main__ import main
from infra.errors import CloudUnusable
from infra.pricing.published import fetch


def offer(usd: str, unit: str = "Hrs", currency: str = "USD") -> dict[str, Any]:
    return {"T": {"priceDimensions": {"D": {"unit": unit, "pricePerUnit": {currency: usd}}}}}


LIST = {
    "publicationDate": "2026-11-20T00:00:00Z",
    "products": {
        "A": {"productFamily": "ML Instance", "attributes": {"usagetype": "EU-Host:ml.m5.xlarge"}},
        "B": {"productFamily": "ML Instance", "attributes": {"usagetype": "EU-Train:ml.c5.xlarge"}},
        "C": {"productFamily": "ML Instance", "attributes": {"usagetype": "EU-AsyncInf:ml.g5.xlarge"}},
        "D": {"productFamily": "ML Instance", "attributes": {"usagetype": "Host:ml.c7i.large"}},
        "E": {"productFamily": "ML Instance", "attributes": {}},
        "F": {"productFamily": "ML Instance", "attributes": {"usagetype": "EU-Host:ml.free.xlarge"}},
    },
    "terms": {
        "OnDemand": {
            "A": offer("0.2570000000"),
            "B": offer("0.3"),
            "C": offer("1.4"),
            "D": offer("0.1190000000"),
            "F": offer("0.0000000000"),
        }
    },
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        region = self.path.strip("/")
        body = {"eu-west-1": json.dumps(LIST), "broken": "{}", "cn": json.dumps(LIST).replace("USD", "CNY")}.get(region)
        self.send_response(200 if body else 404)
        self.end_headers()
        self.wfile.write((body or "").encode())

    def log_message(self, *args: object) -> None:
        del args


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/{{region}}"
    server.shutdown()
    server.server_close()


def test_the_hours_of_endpoints_are_taken_and_nothing_else(address: str) -> None:
    found = fetch("eu-west-1", address)
    assert found.hourly == {"ml.m5.xlarge": 0.257, "ml.c7i.large": 0.119}
    assert tomllib.loads(found.to_toml()) == {"prices": {"eu-west-1": found.hourly}}
    assert "published 2026-11-20" in found.to_toml()


@pytest.mark.parametrize(
    ("region", "says"),
    [
        ("nowhere", "answered 404"),
        ("broken", "is not what it was (KeyError: 'terms')"),
        ("cn", "has no price in USD of an endpoint"),
    ],
)
def test_what_cannot_be_read_is_told(address: str, region: str, says: str) -> None:
    with pytest.raises(CloudUnusable) as caught:
        fetch(region, address)
    assert says in str(caught.value)


def test_the_verb_prints_a_table_for_slipway_toml(
    address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toml = tmp_path / "slipway.toml"
    toml.write_text('project = "demo"\nregion = "eu-west-1"\n[environments.dev]\n')
    assert main(["prices", "--env", "dev", "--config", str(toml), "--list", address]) == 0
    told = capsys.readouterr().out
    toml.write_text(f"{toml.read_text()}{told}")
    assert main(["settings", "--env", "dev", "--config", str(toml)]) == 0


def test_braces_of_an_address_are_its_own() -> None:
    with pytest.raises(CloudUnusable, match=re.escape("could not be read from http://127.0.0.1:9/{foo}{")):
        fetch("eu-west-1", "http://127.0.0.1:9/{foo}{")
