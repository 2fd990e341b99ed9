"""What can go wrong, a type for each cause. The message is a sentence: what failed, why, what to do."""

from collections.abc import Sequence


class EngineError(Exception):
    """Base of every error that `python -m engine` reports as a sentence."""


class HostNotReady(EngineError):
    """The host lacks something; every problem is told at once and nothing has been changed."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        lines = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"This host cannot run the engine yet; nothing has been changed.\n{lines}")


class BadSetting(EngineError):
    """An environment variable holds something that cannot be used."""


class CommandFailed(EngineError):
    """A program that the build relies on ended with an error."""


class StartFailed(EngineError):
    """The engine was started but did not answer; it has been taken down again."""


class StopFailed(EngineError):
    """A process of the engine would not end."""


class RunnerUnreachable(EngineError):
    """The engine that `_EXPERIMENTAL_DAGGER_RUNNER_HOST` names does not answer."""
