"""Shadow variants: copies of requests, whose answers nobody gets.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-shadow-deployment.html
"""

from __future__ import annotations

import logging
import random
import threading
from concurrent.futures import ThreadPoolExecutor

from infra.localcloud.cloud import Cloud
from infra.localcloud.errors import AwsError
from infra.localcloud.sagemaker.capture import Asked, Captures
from infra.localcloud.sagemaker.invoker import Answer, Invoker
from infra.localcloud.sagemaker.records import Endpoint, Fleet, Variant

_AT_ONCE = 8
_MOST_WAITING = 256
_LOG = logging.getLogger(__name__)


class Mirror:
    """Asks shadow variants what production variants are asked, behind the client's back."""

    def __init__(self, cloud: Cloud, invoker: Invoker, captures: Captures) -> None:
        self._cloud = cloud
        self._invoker = invoker
        self._captures = captures
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="mirror")
        self._room = threading.Semaphore(_MOST_WAITING)

    def close(self) -> None:
        """Drop what waits, finish what has begun."""
        self._pool.shutdown(cancel_futures=True)

    def reflect(self, answer: Answer, asked: Asked, headers: dict[str, str], *, captured: bool) -> None:
        """Send a request that was answered to the shadow of the variant that answered it, if it has one.

        The share that is mirrored is the shadow's weight by the production variant's.
        """
        for shadow in answer.fleet.shadows:
            share = shadow.weight / answer.variant.weight if answer.variant.weight else 0.0
            if random.random() >= share:  # noqa: S311 (traffic, no secret)
                continue
            if not self._room.acquire(blocking=False):
                _LOG.warning("endpoint %s: a request is not mirrored, too many wait", answer.endpoint.name)
                continue
            self._pool.submit(self._ask, answer.endpoint, answer.fleet, shadow, headers, asked, captured)

    def _ask(
        self, endpoint: Endpoint, fleet: Fleet, shadow: Variant, headers: dict[str, str], asked: Asked, captured: bool
    ) -> None:
        limit = self._cloud.clock.seconds(self._cloud.settings.invocation_timeout_s)
        try:
            answer = self._invoker.ask(endpoint, lambda _: (fleet, shadow), headers, asked.body, limit)
        except AwsError as error:
            _LOG.info("endpoint %s: its shadow did not answer: %s", endpoint.name, error)
        except Exception:
            _LOG.exception("endpoint %s: its shadow could not be asked", endpoint.name)
        else:
            if captured:
                self._captures.note(asked, answer)
        finally:
            self._room.release()
