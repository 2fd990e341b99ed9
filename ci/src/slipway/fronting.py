"""The verb for what stands in front of the endpoint."""

from slipway import backend
from slipway.sources import Sources
from slipway.verbs import cached


class Fronting(Sources):
    """From the functions' code to the APIs that clients call."""

    @cached
    async def backend(self) -> backend.Backend:
        """The functions behind the APIs: deploy, status, rollback, and the local cloud's APIs to call."""
        return backend.Backend(
            code=self.functions,
            tests=self.functions_tests,
            locks=self.locks,
            infra=self.infra,
            config=self.config,
        )
