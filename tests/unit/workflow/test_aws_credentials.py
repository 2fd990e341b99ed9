"""`.github/aws-credentials` over HTTP: a token endpoint as GitHub's, moto's STS, and an STS that refuses."""

import base64
import json
import os
import threading
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import NamedTuple, Protocol

import boto3
import pytest
from moto.server import ThreadedMotoServer

PROGRAM = Path(__file__).parents[3] / ".github" / "aws-credentials"
ROLE = "arn:aws:iam::123456789012:role/slipway"
SUBJECT = "repo:octo@11/ship@22:ref:refs/heads/main"
TOKEN = ".".join(
    base64.urlsafe_b64encode(part).rstrip(b"=").decode()
    for part in (b"{}", json.dumps({"sub": SUBJECT}).encode(), b"s")
)


@dataclass
class Service:
    """An HTTP service that gives its answers in turn, the last one for good, and remembers what it was asked."""

    url: str
    answers: list[tuple[int, bytes]]
    asked: list[tuple[str, str | None, str]] = field(default_factory=list)


@pytest.fixture
def services() -> Iterator[dict[str, Service]]:
    """GitHub's token endpoint and an STS on one port, told apart by their paths."""
    served: dict[str, Service] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            service = served[urllib.parse.urlsplit(self.path).path.strip("/")]
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            service.asked.append((self.path, self.headers.get("Authorization"), body))
            status, answer = service.answers.pop(0) if len(service.answers) > 1 else service.answers[0]
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    base = f"http://127.0.0.1:{server.server_port}"
    served["token"] = Service(f"{base}/token?api-version=2.0", [(200, json.dumps({"value": TOKEN}).encode())])
    served["sts"] = Service(f"{base}/sts", [])
    yield served
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def sts() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


class Outcome(NamedTuple):
    """What a run left: its exit code and what it wrote."""

    code: int
    out: str
    err: str


class Run(Protocol):
    """Run the program in the environment of a job on GitHub, changed by the variables given; None removes one."""

    def __call__(self, **variables: str | None) -> Outcome: ...


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch, services: dict[str, Service]) -> pytest.MonkeyPatch:
    """The environment of a job on GitHub."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy") or name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", services["sts"].url)
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", services["token"].url)
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "request-token")
    monkeypatch.setenv("GITHUB_RUN_ID", "4711")
    return monkeypatch


@pytest.fixture
def program(job: pytest.MonkeyPatch) -> ModuleType:
    """The program as a module, without waits between its attempts."""
    loader = SourceFileLoader("aws_credentials", str(PROGRAM))
    spec = spec_from_loader(loader.name, loader)
    assert spec
    module = module_from_spec(spec)
    # Importing a file without a suffix would leave its bytecode beside it.
    job.setattr("sys.dont_write_bytecode", True)
    loader.exec_module(module)
    job.setattr(module, "RETRY_AFTER_S", (0.0, 0.0))
    return module


@pytest.fixture
def run(program: ModuleType, job: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(**variables: str | None) -> Outcome:
        for name, value in variables.items():
            if value is None:
                job.delenv(name)
            else:
                job.setenv(name, value)
        return Outcome(program.main(), *capsys.readouterr())

    return run


def refused(code: str, message: str = "because") -> bytes:
    """The form of an error of STS."""
    return (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
        f"<Code>{code}</Code><Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
    ).encode()


def test_prints_the_credential_process_form(run: Run, sts: str, services: dict[str, Service]) -> None:
    outcome = run(AWS_ENDPOINT_URL_STS=sts)
    assert (outcome.code, outcome.err) == (0, "")
    answer = json.loads(outcome.out)
    assert answer.keys() == {"Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"}
    assert answer["Version"] == 1
    remaining = datetime.fromisoformat(answer["Expiration"]) - datetime.now(UTC)
    assert 3500 < remaining.total_seconds() <= 3600
    [(path, authorization, _)] = services["token"].asked
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(path).query)
    assert query == {"api-version": ["2.0"], "audience": ["sts.amazonaws.com"]}
    assert authorization == "Bearer request-token"


def test_boto3_takes_the_role_through_the_program(sts: str, job: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The file runs as it stands, and AWS sees who came: the role, in a session named after the run."""
    config = tmp_path / "config"
    config.write_text(f"[profile github]\ncredential_process = {PROGRAM}\n")
    job.setenv("AWS_CONFIG_FILE", str(config))
    job.setenv("AWS_ENDPOINT_URL_STS", sts)
    client = boto3.Session(profile_name="github", region_name="eu-central-1").client("sts", endpoint_url=sts)
    assert client.get_caller_identity()["Arn"] == "arn:aws:sts::123456789012:assumed-role/slipway/slipway-4711"


def test_sts_is_sent_the_token_and_nothing_else_of_the_job(run: Run, services: dict[str, Service]) -> None:
    services["sts"].answers = [(403, refused("AccessDenied"))]
    outcome = run()
    [(_, authorization, body)] = services["sts"].asked
    assert authorization is None
    assert dict(urllib.parse.parse_qsl(body)) == {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": "2011-06-15",
        "RoleArn": ROLE,
        "RoleSessionName": "slipway-4711",
        "WebIdentityToken": TOKEN,
    }
    assert TOKEN not in outcome.err
    assert "request-token" not in outcome.err


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"ACTIONS_ID_TOKEN_REQUEST_URL": None}, ["id-token: write", "fork", "docs/github.md"]),
        ({"ACTIONS_ID_TOKEN_REQUEST_TOKEN": ""}, ["id-token: write"]),
        ({"ACTIONS_ID_TOKEN_REQUEST_URL": "http://example.com/token"}, ["GitHub's token service", "not https"]),
        ({"ACTIONS_ID_TOKEN_REQUEST_URL": "file:///etc/passwd"}, ["not https"]),
        ({"AWS_ENDPOINT_URL_STS": "sts.example.com"}, ["AWS STS", "not https"]),
        ({"AWS_ROLE_ARN": None}, ["AWS_ROLE_ARN", "docs/github.md"]),
        ({"AWS_ROLE_ARN": "arn:aws:iam::123456789012:user/me"}, ["user/me", "AWS_ROLE_ARN"]),
        ({"AWS_REGION": None}, ["AWS_REGION"]),
        ({"AWS_REGION": "evil.example/"}, ["AWS_REGION", "evil.example/"]),
    ],
)
def test_wrong_set_up_is_named(
    variables: dict[str, str | None], words: list[str], run: Run, services: dict[str, Service]
) -> None:
    outcome = run(**variables)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("error: ")
    assert outcome.err.count("\n") == 1
    assert [word for word in words if word not in outcome.err] == []
    assert not services["sts"].asked


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        ((403, refused("AccessDenied")), 2, [ROLE, SUBJECT, "OWNER@ID/NAME@ID", "OWNER/NAME", "sts.amazonaws.com"]),
        ((400, refused("InvalidIdentityToken", "No provider found")), 2, ["No provider found", "identity provider"]),
        ((400, refused("ValidationError", "1 error detected")), 2, ["ValidationError", "1 error detected"]),
        ((400, b"<html>"), 1, ["HTTP 400", "run the job again"]),
        ((200, b"<html>"), 1, ["without credentials"]),
        ((200, b"<AssumeRoleWithWebIdentityResponse/>"), 1, ["without credentials"]),
        ((500, b""), 1, ["AWS STS", "HTTP 500", "3 attempts"]),
        ((400, refused("IDPCommunicationError")), 1, ["AWS STS", "3 attempts"]),
    ],
)
def test_what_sts_refuses_becomes_a_sentence(
    answer: tuple[int, bytes], code: int, words: list[str], run: Run, services: dict[str, Service]
) -> None:
    services["sts"].answers = [answer]
    outcome = run()
    assert (outcome.code, outcome.out) == (code, "")
    assert outcome.err.startswith("error: ")
    assert [word for word in words if word not in outcome.err] == []


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        ((401, b"no"), 2, ["refused", "HTTP 401"]),
        ((200, b"no"), 1, ["without a token"]),
        ((200, b'{"value": null}'), 1, ["without a token"]),
        ((503, b""), 1, ["GitHub's token service", "HTTP 503"]),
    ],
)
def test_what_github_refuses_becomes_a_sentence(
    answer: tuple[int, bytes], code: int, words: list[str], run: Run, services: dict[str, Service]
) -> None:
    services["token"].answers = [answer]
    outcome = run()
    assert (outcome.code, outcome.out) == (code, "")
    assert [word for word in words if word not in outcome.err] == []
    assert not services["sts"].asked


def test_no_network_is_said(run: Run) -> None:
    # Port 9 (discard) of this machine: nobody listens.
    outcome = run(AWS_ENDPOINT_URL_STS="http://127.0.0.1:9/")
    assert outcome.code == 1
    assert "AWS STS at 127.0.0.1 did not answer" in outcome.err
    assert "Connection refused" in outcome.err


def test_a_failure_that_passes_is_outlived(run: Run, sts: str, services: dict[str, Service]) -> None:
    services["token"].answers.insert(0, (502, b""))
    assert run(AWS_ENDPOINT_URL_STS=sts).code == 0
    assert len(services["token"].asked) == 2


@pytest.mark.parametrize(
    ("partition", "domain"), [("aws", "amazonaws.com"), ("aws-us-gov", "amazonaws.com"), ("aws-cn", "amazonaws.com.cn")]
)
def test_the_sts_of_the_region_is_asked(
    partition: str, domain: str, run: Run, program: ModuleType, job: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []

    def send(service: str, url: str, form: dict[str, str] | None = None, bearer: str = "") -> object:
        asked.append((service, url))
        return program.Answer(200, json.dumps({"value": TOKEN}).encode() if form is None else refused("AccessDenied"))

    job.setattr(program, "send", send)
    run(AWS_ENDPOINT_URL_STS=None, AWS_ROLE_ARN=f"arn:{partition}:iam::123456789012:role/x", AWS_REGION="xx-north-1")
    assert asked[0][1].endswith(f"audience=sts.{domain}")
    assert asked[1] == ("AWS STS", f"https://sts.xx-north-1.{domain}/")
