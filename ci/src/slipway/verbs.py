"""The SDK's decorators as this module uses them: typed, failing with sentences, and plain about what is cached."""

import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, dataclass_transform

import dagger

from slipway.errors import in_sentences

# The SDK's own annotations lose the decorated function's type under mypy.
_function: Any = dagger.function
_check: Any = dagger.check

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])
V = TypeVar("V", bound=Callable[..., Awaitable[Any]])


@dataclass_transform(kw_only_default=True, field_specifiers=(dagger.field,))
def record(cls: type[T]) -> type[T]:
    """An object of the module's API."""
    made: type[T] = dagger.object_type(cls)
    return made


@dataclass_transform(kw_only_default=True, field_specifiers=(dagger.field,))
def inputs(cls: type[T]) -> type[T]:
    """A part of an object of the API: its fields and functions are those of whoever inherits them."""
    return dataclasses.dataclass(kw_only=True)(cls)


def getter(method: F) -> F:
    """A function that only hands out what its object has."""
    made: F = _function(method)
    return made


def cached(verb: V) -> V:
    """A pure function of its inputs: equal inputs are answered from the cache, on a laptop and in CI alike."""
    made: V = _function(in_sentences(verb))
    return made


def gate(verb: V) -> V:
    """A pure function that `dagger check` runs; it must need no argument, or it would not be listed."""
    made: V = _function(_check(in_sentences(verb)))
    return made


def live(verb: V) -> V:
    """A function that reads or changes the world: it is never answered from the cache."""
    made: V = _function(in_sentences(verb), cache="never")
    return made
