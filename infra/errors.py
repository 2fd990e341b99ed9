"""Errors for people: each is one sentence that says what failed, why, and what to do next."""


class SlipwayError(Exception):
    """A failure that is told to the user as a sentence; `exit_code` is what the process ends with."""

    exit_code = 1


class InputError(SlipwayError):
    """A mistake in the command line, in a file given, or in slipway.toml."""

    exit_code = 2


class Refused(SlipwayError):
    """Preflight found that the plan cannot work; nothing was changed."""

    exit_code = 3


class RolloutFailed(SlipwayError):
    """The new release did not become the live one, or was taken back."""

    exit_code = 4


class WorldChanged(SlipwayError):
    """Somebody else is changing the same endpoint."""

    exit_code = 5


class CloudUnusable(SlipwayError):
    """AWS refused or could not be reached: credentials, permissions, throttling, network."""

    exit_code = 6
