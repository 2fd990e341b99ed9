"""The module's one object: all verbs that a person types."""

from slipway.gates import Gates
from slipway.looking import Looking
from slipway.trying import Trying
from slipway.verbs import record


@record
class Slipway(Gates, Trying, Looking):
    """Ships a GPU inference image: test, export, build, publish by digest, deploy, verify, roll back."""
