"""Advisories made up for the tests, in OSV's format, and OSV's HTTP API over them. None of them is about real flaws."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CRITICAL = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
MEDIUM = "CVSS:3.1/AV:N/AC:H/PR:L/UI:N/S:U/C:L/I:L/A:N"


def record(
    id: str, ecosystem: str, name: str, *events: dict[str, str], score: str | None = None, **more: Any
) -> dict[str, Any]:
    """One advisory with one range."""
    span = {"type": "ECOSYSTEM", "events": list(events)}
    return {
        "id": id,
        "modified": "2026-11-20T10:00:00Z",
        "summary": f"made up: {name}",
        "affected": [{"package": {"ecosystem": ecosystem, "name": name}, "ranges": [span]}],
        **({"severity": [{"type": "CVSS_V3", "score": score}]} if score else {}),
        **more,
    }


EVER = {"introduced": "0"}
# The image has openssl 3.5.1-1, glibc 2.41-12, numpy 2.5.5 and typing-extensions 4.16.0.
MADE = [
    # OSV answers with pages of one: what is about openssl 3.5.1-1 is on the second.
    record("DEBIAN-CVE-2026-2", "Debian:13", "openssl", EVER, {"fixed": "3.5.1-1~deb13u1"}, score=CRITICAL),
    record(
        "DEBIAN-CVE-2026-1",
        *("Debian:13", "openssl"),
        *(EVER, {"fixed": "3.5.1-1+deb13u1"}),
        score=CRITICAL,
        upstream=["CVE-2026-1"],
    ),
    record("DEBIAN-CVE-2026-3", "Debian:12", "openssl", EVER, score=CRITICAL),
    record(
        "PYSEC-2026-4",
        *("PyPI", "NumPy"),
        *({"introduced": "2.0"}, {"last_affected": "2.5.5"}),
        score=MEDIUM,
        aliases=["CVE-2026-4"],
    ),
    record("PYSEC-2026-5", "PyPI", "numpy", {"introduced": "2.5.6rc1"}, score=CRITICAL),
    record("PYSEC-2026-6", "PyPI", "typing-extensions", EVER),
    record("PYSEC-2026-7", "PyPI", "numpy", EVER, score=CRITICAL, withdrawn="2026-11-01T00:00:00Z"),
]
EXPECTED = {"CVE-2026-1": "critical", "CVE-2026-4": "medium", "PYSEC-2026-6": "unknown"}


@contextlib.contextmanager
def osv(*, status: int = 200, forgets: bool = False) -> Iterator[str]:
    """The address of OSV's API over what is made up: batches with pages of one advisory, and records.

    Args:
        status: what it answers every request with.
        forgets: it leaves the last answer of a batch out.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            results = [answer(query) for query in asked["queries"]]
            self.send({"results": results[:-1] if forgets else results})

        def do_GET(self) -> None:
            name = self.path.rpartition("/")[2]
            self.send(next(one for one in MADE if one["id"] == name))

        def send(self, content: Any) -> None:
            data = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            pass

    def answer(query: dict[str, Any]) -> dict[str, Any]:
        wanted = (query["package"]["ecosystem"], query["package"]["name"])
        ids = [
            one["id"]
            for one in MADE
            for package in (part["package"] for part in one["affected"])
            if (package["ecosystem"], package["name"].lower()) == wanted
        ]
        page = int(query.get("page_token", 0))
        more = {"next_page_token": str(page + 1)} if page + 1 < len(ids) else {}
        return {"vulns": [{"id": one} for one in ids[page : page + 1]], **more} if ids else {}

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
