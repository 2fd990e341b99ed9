"""Whatever a client is told when a request cannot be answered."""

from __future__ import annotations


class Problem(Exception):
    """An error answer: HTTP status, a word for programs, a sentence for people.

    ``retry_after`` is in seconds, where coming back later helps. The form is the container's own.
    """

    def __init__(self, status: int, code: str, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after

    def body(self) -> dict[str, dict[str, str]]:
        """``{"error": {"code", "message"}}``."""
        return {"error": {"code": self.code, "message": self.message}}
