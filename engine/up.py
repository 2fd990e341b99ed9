"""`make engine`: an engine that answers, with as little done as is needed."""

from collections.abc import Mapping
from pathlib import Path

from engine import checks, command_line, health, official, packages, supervisor
from engine.build import build, is_built, official_cli
from engine.errors import HostNotReady
from engine.instance import Instance
from engine.lock import exclusive
from engine.paths import BIN, CACHE, VERSION, own_cache, own_link
from engine.say import say
from engine.start import configure, start, unfit

LOCKED = Path("/var/cache")
WAITING = "engine: another `make engine` or `make engine-down` is at work; waiting for it."


def up(instance: Instance, environment: Mapping[str, str]) -> None:
    """Makes sure that `dagger` reaches an engine.

    Raises:
        EngineError: it cannot be had; the message says why and what to do.
    """
    if instance.is_default and use_official(environment):
        return
    _refuse(checks.before(instance, running=supervisor.pid(instance) is not None, built=is_built()))
    with exclusive(LOCKED, WAITING):
        absent = packages.missing()
        if absent:
            say(f"installing from Debian: {' '.join(absent)}")
            packages.install(absent)
        build()
        configured = configure(instance)
        running = supervisor.pid(instance) is not None
        reason = unfit(instance, configured) if running else None
        if running and reason is None:
            say(f"{VERSION} is running at {instance.runner_host}")
        else:
            if reason:
                say(f"{reason}: starting it anew")
                supervisor.stop(instance)
            _refuse(list(checks.probe()))
            start(instance, configured)
            say(f"{VERSION} is up at {instance.runner_host}; its logs are in {instance.logs}")
        if instance.is_default:
            command_line.link(BIN / "dagger")


def use_official(environment: Mapping[str, str]) -> bool:
    """Takes an engine that is already there, and says so.

    Raises:
        EngineError: the environment names an engine that does not answer.
    """
    runner = official.named_runner(environment)
    if not runner and not official.docker_works():
        return False
    program = official.any_cli() if runner else official.cli()
    if program is None:
        _refuse(list(checks.go(checks.go_version(), checks.GO_THAT_FETCHES)))
        say("there is an engine but no `dagger`: building the command line alone")
        cache = own_cache()
        program = cache / "bin" / "official" / "dagger"
        if cache != CACHE:
            cache.mkdir(parents=True, exist_ok=True)
        with exclusive(LOCKED if cache == CACHE else cache, WAITING):
            official_cli(program).ensure(cache / "stamps")
            command_line.link(program, own_link())
    if runner:
        official.verify_runner(program, runner)
        say(f"using the engine at {runner}, which {official.RUNNER_HOST} names")
        return True
    if said := health.query(program, health.VERSION_QUERY, None, official.PULL):
        say(f"Docker works, but {program} finds no engine there ({said.splitlines()[-1]}); making one of our own")
        return False
    say(f"using the official engine in Docker, by {program}")
    return True


def _refuse(problems: list[str]) -> None:
    if problems:
        raise HostNotReady(problems)
