"""The verbs that measure the image that is being built, as a running service."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

import dagger
from dagger import Doc

from slipway import image, model, operations
from slipway.arguments import Aws, Environment, Mock, Repository, Weights
from slipway.checkout import branch_name
from slipway.contract import SERVE
from slipway.making import Making
from slipway.measurement import Capacity, Regression
from slipway.target import Target
from slipway.toolchain import python
from slipway.verbs import live

SAMPLE = "/in/sample.jpg"
PICTURES = "/in/pictures"
LATENCY_SECONDS = 10.0
"""How long two images are asked in turns."""
# The engine cannot limit a service's processors, so the server gives up all but the first ones before it starts.
_LIMIT = (
    "import os, sys; os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(sys.argv[1])]);"
    " os.execvp(sys.argv[2], sys.argv[2:])"
)


async def serving(container: dagger.Container, settings: Mapping[str, Any]) -> dagger.Service:
    """An image as SageMaker starts it, on as many cores as the environment's instances have, if there are so many."""
    for name, value in settings["variables"].items():
        container = container.with_env_variable(name, value)
    cores = settings["vcpus"]
    command = [*await container.entrypoint(), SERVE]
    limit = ["python3", "-c", _LIMIT, str(cores)] if cores else []
    return container.with_exposed_port(image.PORT).as_service(args=[*limit, *command])


class Measuring(Making):
    """How much an image bears, and how it compares with the live one."""

    async def _client(self, **servers: dagger.Service) -> operations.Operations:
        client = (
            (await python(self.locks, "measure"))
            .with_mounted_directory("/src/infra", self.infra)
            .with_mounted_file("/src/slipway.toml", self.config)
        )
        for name, server in servers.items():
            client = client.with_service_binding(name, server)
        return operations.Operations(client)

    async def _compared(
        self,
        infra: operations.Operations,
        settings: Mapping[str, Any],
        built: dagger.Container,
        pictures: dagger.Directory,
        seconds: float,
    ) -> dagger.Container:
        """`python -m infra regress` of an image and the live one, with the report in it."""
        env, before = settings["name"], await infra.live_image(settings["name"])
        client = await self._client(
            old=await serving(before, {**settings, "variables": {}}), new=await serving(built, settings)
        )
        words = ["--env", env, "--old-url", f"http://old:{image.PORT}", "--new-url", f"http://new:{image.PORT}"]
        words += ["--pictures", PICTURES, "--seconds", str(seconds)]
        return await client.call("regress", *words, inputs={PICTURES: pictures}).sync()

    async def _beside_live(
        self,
        infra: operations.Operations,
        settings: Mapping[str, Any],
        built: dagger.Container,
        made: model.Model,
        layout: dagger.Directory,
    ) -> dagger.File | None:
        """The comparison as JSON, None where nothing else is live; a closed gate fails the step."""
        ran = infra.call("status", "--env", settings["name"])
        status = json.loads(await ran.file(operations.REPORT).contents())
        index = json.loads(await layout.file("index.json").contents())
        if status["digest"] in ("", index["manifests"][0]["digest"]):
            return None
        compared = await self._compared(infra, settings, built, await self._held(made), LATENCY_SECONDS)
        return compared.file(operations.REPORT)

    async def _held(self, made: model.Model) -> dagger.Directory:
        """Pictures that the model has not been trained on, with labels where drawings can have them."""
        words = ["python3", "-m", "inference.model.labelled", "--model", "/model", "--out", "/out"]
        return (
            (await python(self.locks, "inference"))
            .with_mounted_directory("/src/inference", self.comparison)
            .with_mounted_directory("/model", made.directory)
            .with_exec(words)
            .directory("/out")
        )

    @live
    async def capacity(
        self,
        repository: Repository,
        rate: Annotated[str, Doc("Requests to bear: 50/s, 3000/min, 100000/h or 1e6/d.")],
        env: Environment = "dev",
        weights: Weights = None,
        mock: Mock = False,
        p99_ms: Annotated[float, Doc("Milliseconds in which 99 of 100 requests have to be answered.")] = 500,
        headroom: Annotated[float, Doc("Share of each instance that stays free, from 0 to below 1.")] = 0.3,
        seconds: Annotated[float, Doc("How long each number of clients is measured.")] = 5,
    ) -> Capacity:
        """Measures what an instance bears, and prices the fleet for a rate.

        The image runs in the engine, on as many cores as the environment's instances have, or as there are. What
        other instance types bear is estimated by their vCPUs.
        """
        branch = await branch_name(repository)
        settings = await self._operations.settings(env, mock=mock, branch=branch, measurable=True)
        made, built = await self._built(weights, mock, Target.of(settings))
        client = await self._client(image=await serving(built, settings))
        words = ["--env", settings["name"], "--url", f"http://image:{image.PORT}", "--sample", SAMPLE, f"--rate={rate}"]
        words += [f"--p99-ms={p99_ms}", f"--headroom={headroom}", f"--seconds={seconds}"]
        ran = await client.call("capacity", *words, inputs={SAMPLE: made.directory.file("sample.jpg")}).sync()
        return await Capacity.read(ran, operations.REPORT)

    @live
    async def prices(self, env: Environment = "dev") -> str:
        """AWS's own price list for the environment's region, as a table for slipway.toml; it needs no account."""
        return await (await self._client()).call("prices", "--env", env).stdout()

    @live
    async def regress(
        self,
        repository: Repository,
        env: Environment = "dev",
        weights: Weights = None,
        mock: Mock = False,
        pictures: Annotated[
            dagger.Directory | None,
            Doc("JPEG, PNG or WebP, with labels in YOLO's format beside them if there are; by default, drawn shapes."),
        ] = None,
        seconds: Annotated[float, Doc("How long the latency is measured.")] = LATENCY_SECONDS,
        *,
        aws: Aws = None,
    ) -> Regression:
        """Compares the image that is being built with the live one, side by side: latency and accuracy.

        Both run in the engine and are asked for the same pictures in turns. Fails where one of the limits in [gates]
        of slipway.toml is passed, or nothing is live.
        """
        branch = await branch_name(repository)
        settings = await self._operations.settings(env, mock=mock, branch=branch, measurable=True)
        infra = await operations.target(self._operations, aws)
        made, built = await self._built(weights, mock, Target.of(settings))
        given = pictures or await self._held(made)
        ran = await self._compared(infra, settings, built, given, seconds)
        return await Regression.read(ran, operations.REPORT)
