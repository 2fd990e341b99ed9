"""What a clause is, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from infra.contract.sources import Source

Subject = TypeVar("Subject")
Findings = dict[str, float | int | str]
"""What was measured, by name; shown beside a clause that holds."""


SIDE_BY_SIDE = 4
"""Clauses that may be judged at the same time."""


class BrokenClause(Exception):
    """The clause does not hold; the message says what was seen and what was wanted."""


@dataclass(frozen=True)
class Clause(Generic[Subject]):
    """One promise, and how it is tried."""

    name: str
    promise: str
    source: Source
    trial: Callable[[Subject], Findings]
    alone: bool
    """Whether it measures, or works on what others work on: such a clause is judged while no other is."""


@dataclass(frozen=True)
class Verdict:
    """Whether a clause holds."""

    name: str
    promise: str
    source: Source
    holds: bool
    seconds: float
    findings: Findings = field(default_factory=dict)
    failure: str = ""


class Contract(Generic[Subject]):
    """Clauses in the order in which they are judged."""

    def __init__(self, *parts: Contract[Subject]) -> None:
        self.clauses: list[Clause[Subject]] = [clause for part in parts for clause in part.clauses]

    def clause(
        self, name: str, promise: str, source: Source, *, alone: bool = True
    ) -> Callable[[Callable[[Subject], Findings]], Callable[[Subject], Findings]]:
        """Adds the decorated trial: it returns its findings, or raises BrokenClause."""

        def add(trial: Callable[[Subject], Findings]) -> Callable[[Subject], Findings]:
            self.clauses.append(Clause(name, promise, source, trial, alone))
            return trial

        return add

    def judge(self, subject: Subject, only: Iterable[str] = ()) -> list[Verdict]:
        """The verdict on each clause, or on those named; a trial that fails in any way is a broken clause."""
        wanted = set(only)
        chosen = [clause for clause in self.clauses if not wanted or clause.name in wanted]
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            beside = {one.name: pool.submit(_verdict, one, subject) for one in chosen if not one.alone}
        alone = {one.name: _verdict(one, subject) for one in chosen if one.alone}
        return [alone[one.name] if one.alone else beside[one.name].result() for one in chosen]


def _verdict(clause: Clause[Subject], subject: Subject) -> Verdict:
    start = time.perf_counter()
    findings: Findings = {}
    failure = ""
    try:
        findings = clause.trial(subject)
    except BrokenClause as broken:
        failure = str(broken)
    except Exception as error:
        failure = f"The trial failed with {type(error).__name__}: {error}."
    seconds = round(time.perf_counter() - start, 3)
    return Verdict(clause.name, clause.promise, clause.source, not failure, seconds, findings, failure)


def expect(condition: bool, sentence: str) -> None:
    """Raises BrokenClause with the sentence unless the condition holds."""
    if not condition:
        raise BrokenClause(sentence)
