"""What can go wrong while a model is made: one exception per cause, each message a whole sentence."""


class StepError(Exception):
    """A step failed; the message says what, why and what to do. `exit_code` is the process's."""

    exit_code = 1


class InputError(StepError):
    """A value, a file or a folder given to a step cannot be used."""

    exit_code = 2


class WeightsError(InputError):
    """The weights file is not a detection checkpoint of ultralytics."""


class MissingLibraryError(StepError):
    """A library that this step needs is not installed."""


class TrainingError(StepError):
    """Training ended below the accuracy that was asked for, or did not end."""


class ExportError(StepError):
    """The network cannot be written in the form that the image serves."""


class ParityError(StepError):
    """The image's pipeline and ultralytics see different things, or nothing that could be compared."""
