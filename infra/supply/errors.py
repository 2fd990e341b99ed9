"""Why an image is held back, or cannot be judged."""

from infra.errors import Refused, SlipwayError


class GateClosed(Refused):
    """A vulnerability, a licence or an ignore that is over stops the image."""


class AdvisoriesUnusable(SlipwayError):
    """No advisories can be had, or those given are too old or not about what the image holds: nothing is known."""

    exit_code = 6


class Unreproducible(Refused):
    """Two builds of the same sources are not the same image."""


class Unproven(Refused):
    """A signature, an attestation or an SBOM is missing, damaged or somebody else's."""
