"""What the local cloud remembers: one SQLite file that several processes may use at once.

A record is a JSON object under (kind, region, name). Every change is a transaction; SQLite's file lock orders the
processes, and its journal makes a killed process leave the last whole state behind.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infra.localcloud.errors import StateError

SCHEMA = 1
_TABLES = """
CREATE TABLE records (kind TEXT, region TEXT, name TEXT, body TEXT NOT NULL, PRIMARY KEY (kind, region, name));
CREATE TABLE snapshots (service TEXT PRIMARY KEY, generation INTEGER NOT NULL, body BLOB NOT NULL);
"""


class Transaction:
    """Reads and writes inside one transaction of the state file."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def get(self, kind: str, region: str, name: str) -> dict[str, Any] | None:
        """One record, or None."""
        row = self._connection.execute(
            "SELECT body FROM records WHERE kind = ? AND region = ? AND name = ?", (kind, region, name)
        ).fetchone()
        return None if row is None else json.loads(row[0])

    def put(self, kind: str, region: str, name: str, body: dict[str, Any]) -> None:
        """Write one record, new or not."""
        self._connection.execute(
            "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?)", (kind, region, name, json.dumps(body))
        )

    def delete(self, kind: str, region: str, name: str) -> None:
        """Remove one record if it is there."""
        self._connection.execute("DELETE FROM records WHERE kind = ? AND region = ? AND name = ?", (kind, region, name))

    def list(self, kind: str, region: str | None = None) -> list[dict[str, Any]]:
        """All records of a kind, in one region or in all, by name."""
        rows = self._connection.execute(
            "SELECT body FROM records WHERE kind = ? AND region = coalesce(?, region) ORDER BY name", (kind, region)
        )
        return [json.loads(row[0]) for row in rows]

    def generation(self, service: str) -> int:
        """How often a service's snapshot was written; 0 before the first time."""
        row = self._connection.execute("SELECT generation FROM snapshots WHERE service = ?", (service,)).fetchone()
        return 0 if row is None else int(row[0])

    def snapshot(self, service: str) -> bytes:
        """A service's last snapshot; it must exist."""
        row = self._connection.execute("SELECT body FROM snapshots WHERE service = ?", (service,)).fetchone()
        return bytes(row[0])

    def save_snapshot(self, service: str, body: bytes) -> int:
        """Replace a service's snapshot; returns its new generation."""
        generation = self.generation(service) + 1
        self._connection.execute("INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?)", (service, generation, body))
        return generation


class State:
    """The state directory: ``state.sqlite``, ``locks/``, ``blobs/`` and ``outputs/`` of the containers.

    Raises StateError when the directory cannot be written or the file is damaged; a damaged file is never replaced.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.file = directory / "state.sqlite"
        self.outputs = directory / "outputs"
        self._local = threading.local()
        try:
            directory.mkdir(parents=True, exist_ok=True)
            (directory / "locks").mkdir(exist_ok=True)
        except OSError as error:
            raise StateError(f"The state directory {directory} cannot be used: {error.strerror}.") from error
        try:
            self._open()
        except sqlite3.Error as error:
            raise StateError(
                f"The state file {self.file} is damaged or cannot be opened ({error}). Nothing was changed. "
                "Restore it from a copy, or move it away to start with an empty cloud."
            ) from error

    def _open(self) -> None:
        connection = self._connection()
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            with self.write() as transaction:
                del transaction
                if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
                    for statement in _TABLES.strip().split(";\n"):
                        connection.execute(statement)
                    connection.execute(f"PRAGMA user_version = {SCHEMA}")
        elif version != SCHEMA:
            raise StateError(
                f"The state file {self.file} has version {version}, this local cloud reads version {SCHEMA}. "
                "Use the version of Slipway that wrote it, or move the file away to start with an empty cloud."
            )
        problem = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if problem != "ok":
            raise sqlite3.DatabaseError(problem)

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self.file, timeout=30, isolation_level=None)
            self._local.connection = connection
        return connection

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A consistent view."""
        with self._transaction("BEGIN") as transaction:
            yield transaction

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction that no other process can come between; an exception undoes it."""
        with self._transaction("BEGIN IMMEDIATE") as transaction:
            yield transaction

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[Transaction]:
        connection = self._connection()
        if connection.in_transaction:
            raise RuntimeError("transactions of the state file do not nest")
        connection.execute(begin)
        try:
            yield Transaction(connection)
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
