"""The verbs a person types. Each composes the parts beside it; none does the work itself."""

import json
from typing import Annotated

import anyio
import dagger
from dagger import DefaultPath, Doc, Ignore, field

from slipway import checks, contract, image, model, operations, supply, toolchain
from slipway.arguments import Aws, Environment, Mock, Notify, Numbers, Platform, Repository, RunsOn, SigningKey, Weights
from slipway.checkout import branch_name, commit_tag
from slipway.errors import InputRefused
from slipway.release import Release
from slipway.target import AMD64, Target
from slipway.verbs import cached, gate, live, record

LAYOUT = "/in/layout"
PROOF = "/in/proof"
TARBALL = "/out/image.tar"
SAMPLE = "/in/sample.jpg"
EXPECTED = "/in/sample.json"


def only(patterns: list[str]) -> list[str]:
    """An allow-list: nothing else is sent to the engine, and nothing else changes a cache key."""
    return ["*", *(f"!{pattern}" for pattern in patterns), "**/__pycache__"]


@record
class Slipway:
    """Ships a GPU inference image: test, export, build, publish by digest, deploy, verify, roll back."""

    locks: Annotated[
        dagger.Directory,
        DefaultPath("/"),
        Ignore(["*", "!pyproject.toml", "!uv.lock"]),
        Doc("pyproject.toml and uv.lock: every package of every step."),
    ] = field()
    inference: Annotated[
        dagger.Directory, DefaultPath("/inference"), Ignore(only(image.PARTS)), Doc("The code inside the image.")
    ] = field()
    inference_tests: Annotated[
        dagger.Directory,
        DefaultPath("/tests"),
        Ignore(only([*(f"unit/inference/{part}" for part in image.PARTS), "contract/tiny_model.py"])),
        Doc("The unit tests of the code inside the image."),
    ] = field()
    browser_tests: Annotated[
        dagger.Directory,
        DefaultPath("/tests/browser"),
        Ignore(only(["*.py"])),
        Doc("The tests of the server's page in a browser."),
    ] = field()
    training: Annotated[
        dagger.Directory, DefaultPath("/inference"), Ignore(only(model.TRAINING)), Doc("The code that trains.")
    ] = field()
    export: Annotated[
        dagger.Directory, DefaultPath("/inference"), Ignore(only(model.EXPORT)), Doc("The code that exports.")
    ] = field()
    comparison: Annotated[
        dagger.Directory,
        DefaultPath("/inference"),
        Ignore(only(model.COMPARISON)),
        Doc("The code that compares the image's detections with ultralytics'."),
    ] = field()
    infra: Annotated[
        dagger.Directory, DefaultPath("/infra"), Ignore(["*", "!**/*.py"]), Doc("The code that talks to AWS.")
    ] = field()
    listing: Annotated[
        dagger.Directory,
        DefaultPath("/infra"),
        Ignore(only(supply.CODE)),
        Doc("The code that says what is in the image, and signs it."),
    ] = field()
    clauses: Annotated[
        dagger.Directory, DefaultPath("/infra/contract"), Ignore(["*", "!**/*.py"]), Doc("The judge of the contract.")
    ] = field()
    config: Annotated[dagger.File, DefaultPath("/slipway.toml"), Doc("Names, regions, environments.")] = field()
    tree: Annotated[
        dagger.Directory, DefaultPath("/"), Ignore(only(checks.TREE)), Doc("Everything that the checks look at.")
    ] = field()
    workflow: Annotated[
        dagger.Directory,
        DefaultPath("/"),
        Ignore(only([".github/**", "tools/go.mod", "tools/go.sum"])),
        Doc("The GitHub workflow and the linter that reads it."),
    ] = field()

    @property
    def _steps(self) -> model.Code:
        return model.Code(self.training, self.export, self.comparison)

    @property
    def _operations(self) -> operations.Code:
        return operations.Code(self.locks, self.infra, self.config)

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

    @gate
    async def lint(self) -> None:
        """Ruff's rules and format."""
        await (await checks.lint(self.locks, self.tree)).sync()

    @gate
    async def types(self) -> None:
        """Mypy, strict, over the whole tree."""
        await (await checks.types(self.locks, self.tree)).sync()

    @gate
    async def unit(self) -> None:
        """The unit tests."""
        await (await checks.unit(self.locks, self.tree)).sync()

    @gate
    async def lockfile(self) -> None:
        """The lock file fits pyproject.toml: nothing would be resolved anew."""
        await checks.lockfile(self.locks).sync()

    @gate
    async def workflows(self) -> None:
        """Actionlint and zizmor over the GitHub workflow."""
        await (await checks.workflows(self.locks, self.workflow)).sync()

    @gate
    async def page(self) -> None:
        """The server's page in headless Chromium, before the real image and a mock."""
        made, real = await self._built(None, False, Target())
        _, mock = await self._built(None, True, Target())
        sample = made.directory.file("sample.jpg")
        await (await checks.page(self.locks, self.browser_tests, real, mock, sample)).sync()

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

    @live
    async def publish(
        self,
        repository: Repository,
        env: Environment = "dev",
        weights: Weights = None,
        mock: Mock = False,
        *,
        aws: Aws = None,
        signing_key: SigningKey = None,
    ) -> str:
        """Publishes the image by digest, sending only what the registry lacks; returns what was published."""
        branch = await branch_name(repository)
        target = Target.of(await self._operations.settings(env, mock=mock, branch=branch))
        _, built = await self._built(weights, mock, target)
        infra = await operations.target(self._operations, aws)
        tag, listed = await commit_tag(repository), self._supply(built)
        inputs, words = {LAYOUT: listed.layout}, [f"--branch={branch}"]
        if signing_key:
            inputs[PROOF], words = await listed.proof(tag, signing_key), [*words, "--proof", PROOF]
        return await infra.call(
            "publish", *("--env", env, "--layout", LAYOUT, "--tag", tag + target.suffix), *words, inputs=inputs
        ).stdout()

    @live
    async def deploy(
        self,
        repository: Repository,
        env: Environment = "dev",
        weights: Weights = None,
        mock: Mock = False,
        wait: Annotated[bool, Doc("Wait for another deployment to this environment instead of being refused.")] = False,
        notify: Notify = None,
        *,
        aws: Aws = None,
        signing_key: SigningKey = None,
    ) -> Release:
        """Checks, builds, publishes by digest and rolls out; does nothing where the release is live already.

        It waits for the style and the unit tests of the code inside the image, and for the contract: all of it for
        production, else the clauses that take a few seconds. `dagger check` and `dagger call contract` judge the rest.
        """
        branch = await branch_name(repository)
        settings = await self._operations.settings(env, mock=mock, branch=branch)
        target = Target.of(settings)
        infra = (await operations.target(self._operations, aws)).telling(notify)
        tag = ""

        async def name() -> None:
            nonlocal tag
            tag = await commit_tag(repository)

        async with anyio.create_task_group() as track:
            track.start_soon(infra.ready)
            track.start_soon(name)
            made, built = await self._built(weights, mock, target)
            listed = self._supply(built)
            profile = contract.Profile.SAGEMAKER if settings["production"] else None
            for step in (
                await checks.inference(self.locks, self.inference, self.inference_tests),
                await contract.judge(self.clauses, built, made, target, profile),
                listed.layout,
            ):
                track.start_soon(step.sync)
        inputs: operations.Inputs = {LAYOUT: listed.layout, SAMPLE: made.directory.file("sample.jpg")}
        if signing_key:
            inputs = {**inputs, PROOF: await listed.proof(tag, signing_key)}
        if not mock:
            inputs = {**inputs, EXPECTED: made.directory.file("sample.json")}
        ran = await infra.call(
            "deploy",
            *("--env", settings["name"], "--layout", LAYOUT, "--git-sha", tag, "--tag", tag + target.suffix),
            f"--branch={branch}",
            *("--sample", SAMPLE, "--mock" if mock else f"--expected={EXPECTED}"),
            *(["--wait"] if wait else []),
            *(["--proof", PROOF] if signing_key else []),
            inputs=inputs,
        ).sync()
        release = await Release.read(ran, operations.REPORT)
        print(release.summary)
        return release

    @live
    async def promote(
        self,
        env: Annotated[str, Doc("The environment to release to: one with promoted_from in slipway.toml.")] = "prod",
        picture: Annotated[
            dagger.File | None, Doc("What both environments have to answer alike; without it, the model's own sample.")
        ] = None,
        notify: Notify = None,
        aws: Aws = None,
    ) -> Release:
        """Releases the very image that is live in the environment before; nothing is built."""
        picture = picture or (await self.model()).directory.file("sample.jpg")
        infra = (await operations.target(self._operations, aws)).telling(notify)
        ran = await infra.call("promote", "--env", env, "--sample", SAMPLE, inputs={SAMPLE: picture}).sync()
        return await Release.read(ran, operations.REPORT)

    @live
    async def previews(
        self,
        env: Annotated[str, Doc("The environment that they are made after: one with expires_hours.")] = "preview",
        remove_expired: Annotated[bool, Doc("Destroy those whose time is over.")] = False,
        aws: Aws = None,
    ) -> str:
        """The previews of branches that there are, and when each expires."""
        words = ["--env", env, *(["--remove-expired"] if remove_expired else [])]
        return await (await operations.target(self._operations, aws)).call("previews", *words).stdout()

    @live
    async def verify_image(
        self,
        env: Environment = "dev",
        digest: Annotated[str, Doc("A published image, sha256:…, instead of the live one.")] = "",
        public_key: Annotated[
            dagger.File | None, Doc("Whose signature, PEM, instead of slipway.toml's signing.public_key.")
        ] = None,
        aws: Aws = None,
    ) -> str:
        """Proves signature, provenance and SBOM of a published image, or says what is missing."""
        words = ["--digest", digest] if digest else []
        inputs: operations.Inputs = {}
        if public_key is not None:
            path = f"/in/{await public_key.name()}"
            words, inputs = [*words, "--public-key", path], {path: public_key}
        infra = await operations.target(self._operations, aws)
        return await infra.call("verify-image", "--env", env, *words, inputs=inputs).stdout()

    @live
    async def status(self, env: Environment = "dev", aws: Aws = None) -> str:
        """What is live: digest, commit, since when, health, and what is under way."""
        return await (await operations.target(self._operations, aws)).call("status", "--env", env).stdout()

    @live
    async def doctor(self, env: Environment = "dev", aws: Aws = None) -> str:
        """What is wrong with an environment: the likely causes, what each was seen by, and what mends it."""
        return await (await operations.target(self._operations, aws)).call("doctor", "--env", env).stdout()

    @live
    async def logs(
        self,
        env: Environment = "dev",
        since: Annotated[str, Doc("How far back: 30s, 10m, 2h or 3d.")] = "1h",
        filter: Annotated[str, Doc("Words that a line must have: a filter pattern of CloudWatch Logs.")] = "",
        aws: Aws = None,
    ) -> str:
        """What the containers of the endpoint wrote, oldest line first."""
        words = ["--env", env, "--since", since, f"--filter={filter}"]
        return await (await operations.target(self._operations, aws)).call("logs", *words).stdout()

    @live
    async def history(self, env: Environment = "dev", aws: Aws = None) -> str:
        """The releases that are kept, the live one and those that `rollback` can go back to."""
        return await (await operations.target(self._operations, aws)).call("history", "--env", env).stdout()

    @live
    async def rollback(
        self,
        env: Environment = "dev",
        to: Annotated[str, Doc("Digest of a kept release; without it, the last good one before the live one.")] = "",
        notify: Notify = None,
        aws: Aws = None,
    ) -> Release:
        """Brings an earlier release back, and proves by its config and digest that it is live."""
        wanted = ["--to", to] if to else []
        infra = (await operations.target(self._operations, aws)).telling(notify)
        ran = await infra.call("rollback", "--env", env, *wanted).sync()
        return await Release.read(ran, operations.REPORT)

    @live
    async def invoke(
        self,
        image: Annotated[dagger.File, Doc("A picture: JPEG, PNG or WebP.")],
        env: Environment = "dev",
        raw: Annotated[bool, Doc("Return the container's own answer, JSON, instead of a table for people.")] = False,
        aws: Aws = None,
    ) -> str:
        """Sends a picture to the live endpoint and returns what was found in it."""
        picture = f"/in/{await image.name()}"
        infra = await operations.target(self._operations, aws)
        ran = infra.call("invoke", *("--env", env, "--image", picture), inputs={picture: image})
        return await (ran.file(operations.REPORT).contents() if raw else ran.stdout())

    @live
    async def endpoint(self, env: Environment = "dev", aws: Aws = None) -> dagger.Service:
        """The live image, to be called from the host: `dagger call endpoint up --ports 8080:8080`."""
        infra = await operations.target(self._operations, aws)
        pulled = await infra.call("pull", "--env", env, "--tarball", TARBALL).sync()
        live = image.imported(pulled.file(TARBALL))
        variables = json.loads(await pulled.file(operations.REPORT).contents())["variables"]
        for name, value in variables.items():
            live = live.with_env_variable(name, value)
        return live.as_service(use_entrypoint=True)

    @live
    async def destroy(self, env: Environment, aws: Aws = None) -> str:
        """Removes the endpoint of one environment with its configs, models and alarms, and says what is left."""
        return await (await operations.target(self._operations, aws)).call("destroy", "--env", env).stdout()
