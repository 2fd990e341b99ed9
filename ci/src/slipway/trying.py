"""The verbs that try a candidate beside the live release."""

from typing import Annotated

import dagger
from dagger import Doc

from slipway import operations
from slipway.arguments import Aws, Environment, Mock, Notify, Region, Repository, SigningKey, Weights, located
from slipway.checkout import branch_name
from slipway.release import Release
from slipway.releasing import SAMPLE, Releasing
from slipway.verbs import live

PICTURES = "/in/pictures"

Digest = Annotated[str, Doc("A published image, sha256:…; without it, one is built from the checkout.")]
Picture = Annotated[
    dagger.File | None, Doc("For the smoke test of what is not built here; without it, a drawing of shapes.")
]


class Trying(Releasing):
    """A candidate answers a share of the requests, or is sent copies; then it is accepted, or not."""

    @live
    async def split(
        self,
        repository: Repository,
        percent: Annotated[int, Doc("Share of the requests for the candidate, 1 to 99.")],
        env: Environment = "dev",
        digest: Digest = "",
        weights: Weights = None,
        mock: Mock = False,
        picture: Picture = None,
        region: Region = "",
        notify: Notify = None,
        *,
        aws: Aws = None,
        signing_key: SigningKey = None,
    ) -> Release:
        """Has a candidate answer a share of the requests, or changes its share; `accept` or `rollback` ends it."""
        infra = await operations.target(self._operations, aws, notify)
        words, inputs = await self._beside(infra, repository, env, digest, weights, mock, picture, signing_key)
        ran = await infra.call("split", *located(env, region), "--percent", str(percent), *words, inputs=inputs).sync()
        return await Release.read(ran, operations.REPORT)

    @live
    async def shadow(
        self,
        repository: Repository,
        env: Environment = "dev",
        digest: Digest = "",
        pictures: Annotated[
            dagger.Directory | None, Doc("Pictures to send to the endpoint, beside what its users send.")
        ] = None,
        requests: Annotated[int, Doc("How many to compare; 0 for as many as are sent.")] = 0,
        seconds: Annotated[int, Doc("Longest wait for them.")] = 300,
        weights: Weights = None,
        mock: Mock = False,
        picture: Picture = None,
        region: Region = "",
        notify: Notify = None,
        *,
        aws: Aws = None,
        signing_key: SigningKey = None,
    ) -> Release:
        """Sends a candidate copies of the requests, and fails where it finds something else or is too slow.

        Its answers are kept and never given; `accept` makes it the release, `rollback` ends it.
        """
        infra = await operations.target(self._operations, aws, notify)
        words, inputs = await self._beside(infra, repository, env, digest, weights, mock, picture, signing_key)
        if pictures is not None:
            words, inputs = [*words, "--pictures", PICTURES], {**inputs, PICTURES: pictures}
        if requests:
            words = [*words, "--requests", str(requests)]
        ran = await infra.call("shadow", *located(env, region), "--seconds", str(seconds), *words, inputs=inputs).sync()
        return await Release.read(ran, operations.REPORT)

    @live
    async def accept(
        self,
        env: Environment = "dev",
        picture: Picture = None,
        region: Region = "",
        notify: Notify = None,
        aws: Aws = None,
    ) -> Release:
        """Makes the candidate of a split or a shadow the release; nothing is built."""
        infra = await operations.target(self._operations, aws, notify)
        sample = await self._drawing(picture)
        ran = await infra.call("accept", *located(env, region), "--sample", SAMPLE, inputs={SAMPLE: sample}).sync()
        return await Release.read(ran, operations.REPORT)

    async def _beside(
        self,
        infra: operations.Operations,
        repository: dagger.GitRepository,
        env: str,
        digest: str,
        weights: dagger.File | None,
        mock: bool,
        picture: dagger.File | None,
        signing_key: dagger.Secret | None,
    ) -> tuple[list[str], operations.Inputs]:
        """The candidate: one that is in the registry already, or one that is built now."""
        if not digest:
            branch = await branch_name(repository)
            return await self._candidate(infra, repository, env, branch, weights, mock, signing_key)
        words = ["--digest", digest, "--sample", SAMPLE, *(["--mock"] if mock else [])]
        return words, {SAMPLE: await self._drawing(picture)}
