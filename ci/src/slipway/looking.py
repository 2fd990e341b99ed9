"""The verbs that look at what is live."""

from typing import Annotated

import dagger
from dagger import Doc

from slipway import operations
from slipway.arguments import Aws, Environment, Region, located
from slipway.sources import Sources
from slipway.verbs import live


class Looking(Sources):
    """What runs, how it is, and what it answers."""

    @live
    async def status(self, env: Environment = "dev", region: Region = "", aws: Aws = None) -> str:
        """What is live: digest, commit, since when, health, and what is under way."""
        return await (await operations.target(self._operations, aws)).call("status", *located(env, region)).stdout()

    @live
    async def doctor(self, env: Environment = "dev", region: Region = "", aws: Aws = None) -> str:
        """What is wrong with an environment: the likely causes, what each was seen by, and what mends it."""
        return await (await operations.target(self._operations, aws)).call("doctor", *located(env, region)).stdout()

    @live
    async def logs(
        self,
        env: Environment = "dev",
        since: Annotated[str, Doc("How far back: 30s, 10m, 2h or 3d.")] = "1h",
        filter: Annotated[str, Doc("Words that a line must have: a filter pattern of CloudWatch Logs.")] = "",
        region: Region = "",
        aws: Aws = None,
    ) -> str:
        """What the containers of the endpoint wrote, oldest line first."""
        words = [*located(env, region), "--since", since, f"--filter={filter}"]
        return await (await operations.target(self._operations, aws)).call("logs", *words).stdout()

    @live
    async def history(self, env: Environment = "dev", region: Region = "", aws: Aws = None) -> str:
        """The releases that are kept, the live one and those that `rollback` can go back to."""
        return await (await operations.target(self._operations, aws)).call("history", *located(env, region)).stdout()

    @live
    async def invoke(
        self,
        image: Annotated[dagger.File, Doc("A picture: JPEG, PNG or WebP.")],
        env: Environment = "dev",
        raw: Annotated[bool, Doc("Return the container's own answer, JSON, instead of a table for people.")] = False,
        region: Region = "",
        aws: Aws = None,
    ) -> str:
        """Sends a picture to the live endpoint and returns what was found in it."""
        picture = f"/in/{await image.name()}"
        infra = await operations.target(self._operations, aws)
        ran = infra.call("invoke", *(*located(env, region), "--image", picture), inputs={picture: image})
        return await (ran.file(operations.REPORT).contents() if raw else ran.stdout())

    @live
    async def endpoint(self, env: Environment = "dev", aws: Aws = None) -> dagger.Service:
        """The live image, to be called from the host: `dagger call endpoint up --ports 8080:8080`."""
        infra = await operations.target(self._operations, aws)
        return (await infra.live_image(env)).as_service(use_entrypoint=True)
