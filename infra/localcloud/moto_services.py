"""The services that moto answers for: IAM, STS, S3, SNS, CloudWatch alarms, ECR's repositories, Lambda, API Gateway.

moto keeps everything in memory. Here its backends are pickled into the state file after each change, and read again
when another process has changed them. Large objects (S3 bodies) are kept once, in files named by their digest.
"""

from __future__ import annotations

import copyreg
import hashlib
import io
import json
import logging
import os
import pickle
import threading
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from infra.localcloud.errors import AwsError, LaunchError, StateError, ValidationException
from infra.localcloud.moto_policies import know_policy, obey_no_bucket_policy
from infra.localcloud.state import State, Transaction
from infra.localcloud.wire import Request, StartResponse

# The name in a request's signature → moto's name.
SERVICES = {"iam": "iam", "sts": "sts", "s3": "s3", "monitoring": "cloudwatch", "ecr": "ecr", "sns": "sns"}
# Imported and read when first asked for: they take as long as half of the others, and most deployments need none.
MORE_SERVICES = {"lambda": "lambda", "apigateway": "apigatewayv2"}
_READS = ("Describe", "Get", "List", "BatchGet", "Head", "Simulate")
_SNAPSHOT, _MORE_SNAPSHOT = "moto", "moto-more"
_HELD = {_SNAPSHOT: "IAM, S3, SNS, ECR and CloudWatch", _MORE_SNAPSHOT: "Lambda and API Gateway"}
_LARGE = 64 * 1024
_LOG = logging.getLogger(__name__)

copyreg.pickle(type(threading.RLock()), lambda _: (threading.RLock, ()))
copyreg.pickle(type(threading.Lock()), lambda _: (threading.Lock, ()))


def _reduce_defaultdict(held: defaultdict[Any, Any]) -> tuple[Any, ...]:
    """Functions without a name cannot be pickled; what they make has a type that can."""
    made = held.default_factory
    kind = type(made()) if made is not None and getattr(made, "__name__", "") == "<lambda>" else made
    return defaultdict, (kind,), None, None, iter(held.items())


copyreg.pickle(defaultdict, _reduce_defaultdict)
copyreg.pickle(weakref.WeakValueDictionary, lambda held: (weakref.WeakValueDictionary, (dict(held),)))


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO, blobs: Path) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._blobs = blobs

    def persistent_id(self, obj: Any) -> str | None:
        if not isinstance(obj, bytes) or len(obj) < _LARGE:
            return None
        digest = hashlib.sha256(obj).hexdigest()
        path = self._blobs / digest
        if not path.exists():
            self._blobs.mkdir(exist_ok=True)
            partial = path.with_name(f"{digest}.{os.getpid()}.{threading.get_ident()}")
            partial.write_bytes(obj)
            partial.replace(path)
        return digest


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, blobs: Path) -> None:
        super().__init__(file)
        self._blobs = blobs

    def persistent_load(self, pid: Any) -> bytes:
        return (self._blobs / str(pid)).read_bytes()


class MotoServices:
    """moto with a memory. It is imported in the background, because that takes longer than all else at start."""

    def __init__(self, state: State, account: str) -> None:
        self._state = state
        self._account = account
        self._blobs = state.directory / "blobs"
        self._lock = threading.RLock()
        self._generations: dict[str, int] = {}
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._backends: dict[str, dict[str, Any]] = {_SNAPSHOT: {}}
        self._app: Callable[[dict[str, Any], StartResponse], Iterable[bytes]]
        os.environ["MOTO_ACCOUNT_ID"] = account
        threading.Thread(target=self._import, name="moto", daemon=True).start()

    def _import(self) -> None:
        try:
            from moto import __version__  # noqa: PLC0415 (a second of work, in the background)
            from moto.backends import get_backend  # noqa: PLC0415
            from moto.moto_server.werkzeug_app import (  # noqa: PLC0415
                DomainDispatcherApplication,
                create_backend_app,
            )

            self._version = f"moto {__version__}\n".encode()
            for name in SERVICES.values():
                self._backends[_SNAPSHOT][name] = get_backend(name)
            obey_no_bucket_policy()
            self._app = DomainDispatcherApplication(create_backend_app)
        except BaseException as error:
            self._failure = error
            raise
        finally:
            self._ready.set()

    def wait(self) -> None:
        """Wait for the import; a failure of it is raised here."""
        self._ready.wait()
        if self._failure is not None:
            raise RuntimeError("moto cannot be imported") from self._failure

    def call(self, request: Request, start_response: StartResponse) -> Iterable[bytes]:
        """Let moto answer one request."""
        environ = {**request.environ, "wsgi.input": io.BytesIO(request.body), "CONTENT_LENGTH": str(len(request.body))}
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        if request.operation is None:
            writes = request.method not in ("GET", "HEAD")
        else:
            writes = not request.operation.startswith(_READS)
        with self._session(writes=writes, more=request.service in MORE_SERVICES):
            if request.service == "iam" and request.operation == "AttachRolePolicy":
                arn = parse_qs(request.body.decode()).get("PolicyArn", [""])[0]
                know_policy(self._backend("iam", "aws"), self._account, arn)
            return list(self._app(environ, start_response))

    @contextmanager
    def regions(self, service: str) -> Iterator[dict[str, Any]]:
        """Moto's own objects of one of MORE_SERVICES, by region, to be read and left as they are."""
        with self._session(writes=False, more=True):
            yield dict(self._backends[_MORE_SNAPSHOT][MORE_SERVICES[service]][self._account].items())

    def alarm_states(self, region: str, names: Iterable[str]) -> dict[str, str]:
        """The states of those CloudWatch alarms that exist."""
        wanted = set(names)
        if not wanted:
            return {}
        with self._session(writes=False):
            alarms = self._backend("cloudwatch", region).alarms
            return {name: alarms[name].state_value for name in wanted if name in alarms}

    def role_can_be_assumed(self, arn: str, principal: str) -> bool:
        """Whether a role exists and its trust policy lets a service assume it."""
        with self._session(writes=False):
            roles = self._backend("iam", "aws").roles.values()
            policies = [role.assume_role_policy_document for role in roles if role.arn == arn]
        return any(_trusts(policy, principal) for policy in policies)

    def require_object(self, url: str) -> None:
        """Refuse a ModelDataUrl that names no object, as SageMaker does."""
        try:
            self.read_object(url)
        except LaunchError as error:
            raise ValidationException(f"Could not find model data at {url}.") from error

    def read_object(self, url: str) -> bytes:
        """The bytes of ``s3://BUCKET/KEY``; raises LaunchError when it is not there."""
        parts = urlsplit(url)
        with self._session(writes=False):
            bucket = self._backend("s3", "aws").buckets.get(parts.netloc)
            key = bucket.keys.get(parts.path.lstrip("/")) if bucket else None
            if key is None:
                raise LaunchError(f"There is no object {url}.")
            return bytes(key.value)

    def write_object(self, url: str, body: bytes, content_type: str) -> None:
        """Write ``s3://BUCKET/KEY``; raises LaunchError when there is no such bucket."""
        parts = urlsplit(url)
        with self._session(writes=True):
            backend = self._backend("s3", "aws")
            if parts.netloc not in backend.buckets:
                raise LaunchError(f"There is no bucket {parts.netloc}.")
            key = backend.put_object(parts.netloc, parts.path.lstrip("/"), body)
            key.set_metadata({"Content-Type": content_type})

    def publish(self, region: str, topic: str, message: str) -> None:
        """Tell the subscribers of a topic that have an HTTP address; nothing where there is no such topic.

        Not within a session: a subscriber may ask this cloud before it answers.
        """
        with self._session(writes=False):
            subscriptions = list(self._backend("sns", region).subscriptions.values())
        for one in subscriptions:
            if one.topic.arn == topic and one.protocol in ("http", "https"):
                try:
                    one.publish(message, str(uuid4()))
                except OSError as error:
                    _LOG.warning("the subscriber %s of %s cannot be told: %s", one.endpoint, topic, error)

    def repository_mutability(self, region: str, name: str) -> str:
        """MUTABLE or IMMUTABLE; raises ECR's error for an unknown repository."""
        with self._session(writes=False):
            repository = self._backend("ecr", region).repositories.get(name)
            if repository is None:
                raise AwsError(
                    "RepositoryNotFoundException",
                    f"The repository with name '{name}' does not exist in the registry with id '{self._account}'",
                )
            return str(repository.image_tag_mutability)

    def _backend(self, service: str, region: str) -> Any:
        return self._backends[_SNAPSHOT][service][self._account][region]

    @contextmanager
    def _session(self, *, writes: bool, more: bool = False) -> Iterator[None]:
        """Use the backends as last saved; with ``writes``, save them again unless an exception came."""
        self.wait()
        with self._lock:
            if more and _MORE_SNAPSHOT not in self._backends:
                from moto.backends import get_backend  # noqa: PLC0415

                self._backends[_MORE_SNAPSHOT] = {name: get_backend(name) for name in MORE_SERVICES.values()}
            used = [_SNAPSHOT, _MORE_SNAPSHOT] if more else [_SNAPSHOT]
            if not writes:
                with self._state.read() as transaction:
                    self._load(transaction, used)
                yield
                return
            with self._state.write() as transaction:
                self._load(transaction, used)
                try:
                    yield
                    self._save(transaction, used)
                except BaseException:
                    self._generations = dict.fromkeys(used, -1)
                    raise

    def _load(self, transaction: Transaction, snapshots: list[str]) -> None:
        for snapshot in snapshots:
            generation = transaction.generation(snapshot)
            if generation != self._generations.get(snapshot, 0):
                self._read(transaction.snapshot(snapshot) if generation else b"", snapshot)
                self._generations[snapshot] = generation

    def _read(self, body: bytes, snapshot: str) -> None:
        version, _, data = body.partition(b"\n")
        if body and version + b"\n" != self._version:
            raise StateError(
                f"The state in {self._state.file} was saved by {version.decode(errors='replace')}, this is "
                f"{self._version.decode().strip()}. Use the version of Slipway that wrote it, or move the state away."
            )
        try:
            saved = _Unpickler(io.BytesIO(data), self._blobs).load() if body else {}
        except Exception as error:
            raise StateError(
                f"The saved state of {_HELD[snapshot]} in {self._state.file} cannot be read ({error!r}). "
                "Nothing was changed. Restore it from a copy, or move it away to start with an empty cloud."
            ) from error
        for service, backends in self._backends[snapshot].items():
            backends.clear()
            for account, regions in saved.get(service, {}).items():
                for region, backend in regions.items():
                    backends[account][region] = backend

    def _save(self, transaction: Transaction, snapshots: list[str]) -> None:
        for snapshot in snapshots:
            buffer = io.BytesIO()
            _Pickler(buffer, self._blobs).dump(
                {
                    service: {account: dict(regions.items()) for account, regions in backends.items()}
                    for service, backends in self._backends[snapshot].items()
                }
            )
            self._generations[snapshot] = transaction.save_snapshot(snapshot, self._version + buffer.getvalue())


def _trusts(policy: str | dict[str, Any], principal: str) -> bool:
    document = json.loads(policy) if isinstance(policy, str) else policy
    statements = document.get("Statement", [])
    for statement in statements if isinstance(statements, list) else [statements]:
        services = (statement.get("Principal") or {}).get("Service", []) if isinstance(statement, dict) else []
        named = services if isinstance(services, list) else [services]
        if statement.get("Effect") == "Allow" and principal in named:
            return True
    return False
