"""The functions in front of the endpoint: tested and released by themselves, without the image."""

from typing import Annotated

import dagger
from dagger import Doc, field

from slipway import checks, operations
from slipway.arguments import Aws, Environment
from slipway.verbs import live, record

CODE = "/in/backend"


@record
class Backend:
    """The Lambda functions behind the HTTP and the WebSocket API."""

    code: Annotated[dagger.Directory, Doc("The functions.")] = field()
    tests: Annotated[dagger.Directory, Doc("Their unit tests.")] = field()
    locks: Annotated[dagger.Directory, Doc("pyproject.toml and uv.lock.")] = field()
    infra: Annotated[dagger.Directory, Doc("The code that talks to AWS.")] = field()
    config: Annotated[dagger.File, Doc("slipway.toml.")] = field()

    @property
    def _operations(self) -> operations.Code:
        return operations.Code(self.locks, self.infra, self.config)

    @live
    async def deploy(self, env: Environment = "dev", aws: Aws = None) -> str:
        """Makes the code a version, asks it for its health and moves the alias to it; unchanged code is left alone.

        It waits for the style and the unit tests of the functions. No image is built, asked for or touched.
        """
        tested = await checks.backend(self.locks, self.code, self.tests)
        infra = await operations.target(self._operations, aws)
        await tested.sync()
        return await infra.call("backend", "deploy", "--env", env, "--code", CODE, inputs={CODE: self.code}).stdout()

    @live
    async def status(self, env: Environment = "dev", aws: Aws = None) -> str:
        """Which versions are live, since when, and the addresses of the APIs."""
        return await (await operations.target(self._operations, aws)).call("backend", "status", "--env", env).stdout()

    @live
    async def rollback(self, env: Environment = "dev", aws: Aws = None) -> str:
        """Moves the alias back to the versions that were live before."""
        return await (await operations.target(self._operations, aws)).call("backend", "rollback", "--env", env).stdout()

    @live
    async def destroy(self, env: Environment) -> str:
        """Removes functions, APIs and bucket of one environment of the local cloud; on AWS its stack does."""
        return await (await operations.target(self._operations, None)).call("backend", "destroy", "--env", env).stdout()

    @live
    async def serve(self) -> dagger.Service:
        """The local cloud's APIs on this host: `dagger call backend serve up --ports 4567:4567`."""
        _, cloud = (await operations.target(self._operations, None)).services
        return cloud
