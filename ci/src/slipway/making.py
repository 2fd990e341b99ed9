"""The verbs that make something of the checkout or judge it: pure functions of it."""

from typing import Annotated

import dagger
from dagger import Doc

from slipway import contract, image, model, stacks, supply, toolchain
from slipway.arguments import Mock, Numbers, Platform, RunsOn, Weights
from slipway.errors import InputRefused
from slipway.sources import Sources
from slipway.target import AMD64, Target
from slipway.verbs import cached, live


class Making(Sources):
    """Model, image, and what can be said of them."""

    @property
    def _steps(self) -> model.Code:
        return model.Code(self.training, self.export, self.comparison)

    async def _built(
        self, weights: dagger.File | None, mock: bool, target: Target
    ) -> tuple[model.Model, dagger.Container]:
        # A mock has no numbers.
        made = await self.model(weights, mock, "fp32" if mock else target.precision.value)
        return made, await image.build(self.locks, self.inference, made, target)

    def _supply(self, built: dagger.Container) -> supply.Supply:
        layout = image.layout(built, self.listing)
        return supply.Supply(
            layout=layout, root=built.rootfs(), code=self.listing, locks=self.locks, config=self.config
        )

    @cached
    async def model(self, weights: Weights = None, mock: Mock = False, precision: Numbers = "fp32") -> model.Model:
        """The model: trained on generated shapes or given, exported to ONNX, compared with ultralytics."""
        target = Target.named(AMD64, "cpu", precision)
        if weights is not None and mock:
            raise InputRefused("--weights and --mock exclude each other: a mock has no weights. Leave one of them out.")
        made = await (
            model.mock(self.locks, self._steps)
            if mock
            else model.make(self.locks, self._steps, weights, target.precision)
        )
        await made.directory.sync()
        return made

    @cached
    async def image(
        self,
        weights: Weights = None,
        mock: Mock = False,
        platform: Platform = AMD64,
        device: RunsOn = "cpu",
        precision: Numbers = "fp32",
    ) -> dagger.Container:
        """The inference image, as it would be published."""
        _, built = await self._built(weights, mock, Target.named(platform, device, precision))
        return await built.sync()

    @cached
    async def serve(self, weights: Weights = None, mock: Mock = False, device: RunsOn = "cpu") -> dagger.Service:
        """The image that is being edited, as a service: `dagger call serve up --ports 8080:8080`."""
        return (await self.image(weights, mock, device=device)).as_service(use_entrypoint=True)

    @cached
    async def contract(
        self,
        weights: Weights = None,
        mock: Mock = False,
        profile: Annotated[contract.Profile, Doc("Where it will run.")] = contract.Profile.ALL,
        platform: Platform = AMD64,
        device: RunsOn = "cpu",
        precision: Numbers = "fp32",
    ) -> dagger.Directory:
        """Starts the image as SageMaker does and judges it clause by clause: `contract.json` and `junit.xml`.

        A clause that is broken fails the call, and the message names it. The engine has no GPU: an image for one is
        judged on the processor. One for arm64 is judged under emulation, by the clauses that its slowness allows.
        """
        target = Target.named(platform, device, precision)
        made, built = await self._built(weights, mock, target)
        return await (await contract.judge(self.clauses, built, made, target, profile)).sync()

    @cached
    async def supply(
        self, weights: Weights = None, mock: Mock = False, platform: Platform = AMD64, device: RunsOn = "cpu"
    ) -> supply.Supply:
        """What is in the image: SBOM, vulnerabilities, licences, provenance."""
        _, built = await self._built(weights, mock, Target.named(platform, device))
        return self._supply(await built.sync())

    @cached
    async def stacks(self) -> stacks.Stacks:
        """What lasts longer than releases: repository, buckets, roles, alarms, scaling."""
        return stacks.Stacks(
            sources=self.templates,
            tests=self.template_tests,
            cdk=self.cdk,
            locks=self.locks,
            infra=self.infra,
            config=self.config,
        )

    @live
    async def reproduce(
        self,
        weights: Weights = None,
        mock: Mock = False,
        platform: Platform = AMD64,
        device: RunsOn = "cpu",
        *,
        retrain: Annotated[bool, Doc("Make the model a second time, too, instead of taking it as given.")] = False,
    ) -> str:
        """Builds the image a second time with no step from the cache; the digest of both, or what differs."""
        target = Target.named(platform, device)
        made, built = await self._built(weights, mock, target)
        with toolchain.anew():
            remade = await self.model(weights, mock) if retrain else made
            again = image.layout(await image.build(self.locks, self.inference, remade, target), self.listing)
        return await supply.compare(image.layout(built, self.listing), again, self.listing)
