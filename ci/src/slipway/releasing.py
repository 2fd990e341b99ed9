"""The verbs that change what is live."""

from typing import Annotated

import anyio
import dagger
from dagger import Doc

from slipway import checks, contract, operations
from slipway.arguments import Aws, Environment, Mock, Notify, Region, Repository, SigningKey, Weights, located, require
from slipway.checkout import branch_name, commit_tag
from slipway.measuring import Measuring
from slipway.release import Release
from slipway.target import Target
from slipway.verbs import live

LAYOUT = "/in/layout"
PROOF = "/in/proof"
SAMPLE = "/in/sample.jpg"
EXPECTED = "/in/sample.json"
REGRESSION = "/in/regression.json"


class Releasing(Measuring):
    """From an image to a release and back."""

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
        if signing_key:
            await require(signing_key, "--signing-key", "file:slipway.key")
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
        region: Region = "",
        notify: Notify = None,
        *,
        aws: Aws = None,
        signing_key: SigningKey = None,
    ) -> Release:
        """Checks, builds, publishes by digest and rolls out; does nothing where the release is live already.

        It waits for the style and the unit tests of the code inside the image, and for the contract: all of it for
        production, else the clauses that take a few seconds. `dagger check` and `dagger call contract` judge the rest.
        With `regress = true` in slipway.toml the image is compared with the live one before it replaces it.
        """
        infra = await operations.target(self._operations, aws, notify)
        branch = await branch_name(repository)
        words, inputs = await self._candidate(infra, repository, env, branch, weights, mock, signing_key, compare=True)
        words += [f"--branch={branch}", *(["--wait"] if wait else [])]
        ran = await infra.call("deploy", *located(env, region), *words, inputs=inputs).sync()
        release = await Release.read(ran, operations.REPORT)
        print(release.summary)
        return release

    async def _candidate(
        self,
        infra: operations.Operations,
        repository: dagger.GitRepository,
        env: str,
        branch: str,
        weights: dagger.File | None,
        mock: bool,
        signing_key: dagger.Secret | None,
        *,
        compare: bool = False,
    ) -> tuple[list[str], operations.Inputs]:
        """An image of the checkout, tested and judged, in the words and inputs of `python -m infra`.

        With `compare` it is held against the live one, too, where slipway.toml says so.
        """
        if signing_key:
            await require(signing_key, "--signing-key", "file:slipway.key")
        settings = await self._operations.settings(env, mock=mock, branch=branch)
        target = Target.of(settings)
        tag = ""

        async def name() -> None:
            nonlocal tag
            tag = await commit_tag(repository)

        async with anyio.create_task_group() as track:
            track.start_soon(infra.ready)
            track.start_soon(name)
            # The longest track begins first: it waits for neither model nor image.
            tested = await checks.inference(self.locks, self.inference, self.inference_tests)
            track.start_soon(tested.sync)
            made, built = await self._built(weights, mock, target)
            listed = self._supply(built)
            profile = contract.Profile.SAGEMAKER if settings["production"] else None
            for step in (
                await contract.judge(self.clauses, built, made, target, profile),
                listed.layout,
            ):
                track.start_soon(step.sync)
        words = ["--layout", LAYOUT, "--git-sha", tag, "--tag", tag + target.suffix, "--sample", SAMPLE]
        inputs: operations.Inputs = {LAYOUT: listed.layout, SAMPLE: made.directory.file("sample.jpg")}
        # After the steps above: beside them, a latency would mean nothing.
        if compare and settings["regress"]:
            compared = await self._beside_live(infra, settings, built, made, listed.layout)
            if compared:
                words, inputs = [*words, "--regression", REGRESSION], {**inputs, REGRESSION: compared}
        if signing_key:
            words, inputs = [*words, "--proof", PROOF], {**inputs, PROOF: await listed.proof(tag, signing_key)}
        if mock:
            return [*words, "--mock"], inputs
        return [*words, f"--expected={EXPECTED}"], {**inputs, EXPECTED: made.directory.file("sample.json")}

    async def _drawing(self, picture: dagger.File | None) -> dagger.File:
        """A picture to ask with: the one given, or shapes, which a mock has without a model being trained for it."""
        return picture or (await self.model(mock=True)).directory.file("sample.jpg")

    @live
    async def promote(
        self,
        env: Annotated[str, Doc("The environment to release to: one with promoted_from in slipway.toml.")] = "prod",
        picture: Annotated[
            dagger.File | None, Doc("What both environments have to answer alike; without it, a drawing of shapes.")
        ] = None,
        region: Region = "",
        notify: Notify = None,
        aws: Aws = None,
    ) -> Release:
        """Releases the very image that is live in the environment before; nothing is built."""
        sample = await self._drawing(picture)
        infra = await operations.target(self._operations, aws, notify)
        ran = await infra.call("promote", *located(env, region), "--sample", SAMPLE, inputs={SAMPLE: sample}).sync()
        return await Release.read(ran, operations.REPORT)

    @live
    async def rollback(
        self,
        env: Environment = "dev",
        to: Annotated[str, Doc("Digest of a kept release; without it, the last good one before the live one.")] = "",
        region: Region = "",
        notify: Notify = None,
        aws: Aws = None,
    ) -> Release:
        """Brings an earlier release back, and proves by its config and digest that it is live."""
        wanted = ["--to", to] if to else []
        infra = await operations.target(self._operations, aws, notify)
        ran = await infra.call("rollback", *located(env, region), *wanted).sync()
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
    async def destroy(self, env: Environment, region: Region = "", aws: Aws = None) -> str:
        """Removes the endpoint of one environment with its configs, models and alarms, and says what is left."""
        return await (await operations.target(self._operations, aws)).call("destroy", *located(env, region)).stdout()

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
