"""What a verb says when it fails: a sentence, with a type for each cause."""

import functools
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any, ParamSpec, TypeVar

import dagger
from dagger.mod._exceptions import FunctionError

P = ParamSpec("P")
T = TypeVar("T")

MARK = "error: "
"""Slipway's own programs end their standard error with a line that starts so."""


class SlipwayError(FunctionError):
    """Base of what a verb raises on purpose; the SDK reports it without a traceback."""


class StepFailed(SlipwayError):
    """A step of the pipeline ended with an exit code other than 0."""


class InputRefused(SlipwayError):
    """An argument of a verb cannot be used as it is."""


def step_sentence(error: dagger.ExecError) -> str:
    """The sentence in which a failed step says why, else its command and its last lines."""
    output = f"{error.stdout}\n{error.stderr}".strip()
    _, mark, said = f"\n{output}".rpartition(f"\n{MARK}")
    if mark:
        return said
    if not output:
        return f"The step `{' '.join(error.command)[:200]}` could not be run: {error}"
    last = "\n".join(output.splitlines()[-30:])
    return f"The step `{' '.join(error.command)[:200]}` ended with exit code {error.exit_code}:\n{last}"


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def explain(error: BaseException) -> SlipwayError | None:
    """One error made of all that failed side by side; None where something unforeseen is among it."""
    sentences: list[str] = []
    for leaf in _leaves(error):
        if isinstance(leaf, dagger.ExecError):
            sentences.append(step_sentence(leaf))
        elif isinstance(leaf, SlipwayError):
            sentences.append(str(leaf))
        else:
            return None
    return StepFailed("\n".join(dict.fromkeys(sentences)))


def in_sentences(verb: Callable[P, Awaitable[T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Makes a verb fail with sentences instead of the engine's account of a failed exec."""

    @functools.wraps(verb)
    async def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await verb(*args, **kwargs)
        except SlipwayError:
            raise
        except (dagger.ExecError, BaseExceptionGroup) as error:
            told = explain(error)
            if told is None:
                raise
            raise told from None

    return wrapper
