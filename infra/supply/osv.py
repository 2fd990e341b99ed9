"""Advisories from OSV's HTTP API: one batch of questions, then the records that were named.

Source: OSV API, POST /v1/querybatch (up to 1,000 queries, paged by tokens) and GET /v1/vulns/ID.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import urllib3

from infra.supply.advisories import Advisory, Subject, parse
from infra.supply.errors import AdvisoriesUnusable

if TYPE_CHECKING:
    from collections.abc import Sequence

LARGEST_BATCH = 1000
WITHOUT = "give a copy of the database with --database, or set vulnerabilities.osv in slipway.toml to a mirror"


@dataclass(frozen=True)
class Osv:
    """The API at `url`."""

    url: str
    _pool: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(
            maxsize=8,
            timeout=urllib3.Timeout(connect=5, read=30),
            retries=urllib3.Retry(3, backoff_factor=0.3, status_forcelist=(429, 502, 503, 504), allowed_methods=None),
        ),
        repr=False,
        compare=False,
    )

    def about(self, subjects: Sequence[Subject]) -> list[Advisory]:
        """Every advisory about one of `subjects`; AdvisoriesUnusable if that cannot be found out."""
        names: set[str] = set()
        waiting: list[tuple[Subject, str | None]] = [(subject, None) for subject in subjects]
        while waiting:
            batch, waiting = waiting[:LARGEST_BATCH], waiting[LARGEST_BATCH:]
            answer = self._ask("POST", "/v1/querybatch", {"queries": [_query(*one) for one in batch]})
            results = answer.get("results", [])
            if len(results) != len(batch):
                raise AdvisoriesUnusable(
                    f"{self.url} answered {len(results)} of {len(batch)} questions, so what it left out is unknown; "
                    f"run again, or {WITHOUT}."
                )
            for (subject, _), result in zip(batch, results, strict=True):
                names |= {str(one["id"]) for one in result.get("vulns", ())}
                if token := result.get("next_page_token"):
                    waiting.append((subject, token))
        with ThreadPoolExecutor(8) as pool:
            records = pool.map(lambda name: self._ask("GET", f"/v1/vulns/{name}"), sorted(names))
            found = [parse(record, self.url) for record in records]
        return [one for one in found if one]

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        url = self.url.rstrip("/") + path
        try:
            answer = self._pool.request(method, url, body=json.dumps(body) if body else None)
            if answer.status != 200:
                raise AdvisoriesUnusable(
                    f"{url} answered {answer.status}, so nothing is known about the image's packages; {WITHOUT}."
                )
            return json.loads(answer.data)
        except urllib3.exceptions.HTTPError as error:
            raise AdvisoriesUnusable(
                f"{url} could not be reached ({error.__class__.__name__}), so nothing is known about the image's "
                f"packages; check the network, or {WITHOUT}."
            ) from None
        except ValueError:
            raise AdvisoriesUnusable(f"{url} answered with something that is not JSON; {WITHOUT}.") from None


def _query(subject: Subject, token: str | None) -> dict[str, Any]:
    asked = {
        "package": {"ecosystem": subject.ecosystem, "name": subject.name},
        "version": subject.version,
    }
    return asked | ({"page_token": token} if token else {})
