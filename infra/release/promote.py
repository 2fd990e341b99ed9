"""Promote: the image that answers in one environment becomes the release of the next, and is built by nobody."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from infra.cloud import Cloud
from infra.errors import InputError
from infra.publish import bring
from infra.release import names
from infra.release.deploy import Wanted, deploy
from infra.release.endpoint import look
from infra.release.generations import generations
from infra.release.invocation import Sample, invoke

if TYPE_CHECKING:
    from infra.release.job import Job


def promote(job: Job, sample: Sample) -> None:
    """Deploy what is live in the environment before; that one's answer to the sample is what this one has to answer.

    Raises InputError where nothing is promoted to this environment, or nothing good is live in the one before.
    """
    config, environment = job.config, job.place.environment
    before = job.settings.promoted_from
    if before is None:
        raise InputError(
            f"{config.where('environments', environment)} has no promoted_from; name the environment that its images "
            "come from, or deploy to it."
        )
    place = names.place(config, before)
    cloud = Cloud.from_environment(place.region)
    endpoint = look(cloud.sagemaker, place.endpoint)
    known = generations(cloud.sagemaker, place)
    live = next((one for one in known if endpoint and one.name == endpoint.config), None)
    if endpoint is None or live is None or not live.good or endpoint.digests != (live.digest,):
        raise InputError(
            f"nothing in {before} can be promoted: {place.endpoint} has no live release that passed its smoke test; "
            f"deploy to {before} first (`status` shows it)."
        )
    answer = invoke(cloud, config, place, sample)
    job.progress.say(f"{live.digest} (git {live.git_sha}) is live in {before}")
    wanted = names.release(config, environment, live.digest)
    if place.region != job.place.region:
        bring(cloud, job.cloud, config.repository, live.digest, live.git_sha, job.progress)
    deploy(job, Wanted(wanted, live.git_sha, replace(sample, expected=answer.detections), answer.is_mock))
