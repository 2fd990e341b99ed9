"""The module's one object: all verbs that a person types."""

from slipway.fronting import Fronting
from slipway.gates import Gates
from slipway.looking import Looking
from slipway.trying import Trying
from slipway.verbs import record


@record
class Slipway(Gates, Trying, Looking, Fronting):
    """Ships a GPU inference image: test, export, build, publish by digest, deploy, verify, roll back."""
