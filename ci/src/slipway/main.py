"""The module's one object: all verbs that a person types."""

from slipway.gates import Gates
from slipway.looking import Looking
from slipway.releasing import Releasing
from slipway.verbs import record


@record
class Slipway(Gates, Releasing, Looking):
    """Ships a GPU inference image: test, export, build, publish by digest, deploy, verify, roll back."""
