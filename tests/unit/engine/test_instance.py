"""Engines on one host must not meet."""

import re
from pathlib import Path

import pytest

from engine import paths
from engine.errors import BadSetting
from engine.instance import Instance, from_environment


def test_the_default_needs_no_environment() -> None:
    assert from_environment({}) == Instance()
    assert from_environment({}).runner_host == "unix:///run/dagger/engine.sock"


def test_another_instance_shares_nothing_with_the_default() -> None:
    one, other = from_environment({}), from_environment({"SLIPWAY_ENGINE_INSTANCE": "tests"})
    for name in ("home", "state", "logs", "run", "socket", "bridge", "cgroup", "registry_port", "subnet", "network"):
        assert getattr(one, name) != getattr(other, name), name
    assert len(from_environment({"SLIPWAY_ENGINE_INSTANCE": "a123456789"}).bridge) <= 15


def test_port_and_subnet_can_be_chosen() -> None:
    chosen = from_environment({"SLIPWAY_ENGINE_REGISTRY_PORT": "6000", "SLIPWAY_ENGINE_SUBNET": "10.9.0.0/16"})
    assert (chosen.registry, chosen.subnet) == ("127.0.0.1:6000", "10.9.0.0/16")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        *(("SLIPWAY_ENGINE_INSTANCE", value) for value in ("Tests", "../x", "1a", "a b", "abcdefghijk", "ü")),
        *(("SLIPWAY_ENGINE_REGISTRY_PORT", value) for value in ("0", "80", "65536", "5000x", "-1", "\u0665000")),
        *(("SLIPWAY_ENGINE_SUBNET", value) for value in ("10.87.0.0", "10.87.0.1/16", "::/16", "10.0.0.0/30", "x")),
    ],
)
def test_a_bad_setting_is_refused_by_its_name(variable: str, value: str) -> None:
    with pytest.raises(BadSetting, match=variable):
        from_environment({variable: value})


def test_the_compiled_in_places_are_ours() -> None:
    source = (Path(paths.SOURCE) / "distconsts" / "consts.go").read_text().replace("\t", " ")
    constants = dict(re.findall(r"(\w+) += (.+)", source))
    resolved = {name: value.replace("cache + ", str(paths.CACHE)).replace('"', "") for name, value in constants.items()}
    assert resolved["cache"] == str(paths.CACHE)
    assert resolved["RuncPath"] == str(paths.BIN / "runc")
    assert resolved["DaggerInitPath"] == str(paths.BIN / "init")
    assert resolved["EngineDefaultStateDir"] == str(Instance().state)
    assert resolved["EngineContainerBuiltinContentDir"] == str(paths.CONTENT)
    assert resolved["DefaultEngineSockAddr"] == Instance().runner_host


def test_go_mod_pins_the_version_that_we_name() -> None:
    assert f"github.com/dagger/dagger {paths.VERSION} " in (paths.SOURCE / "go.mod").read_text()
    assert f'"engineVersion":"{paths.VERSION}"' in (paths.SOURCE / "python-sdk" / "dagger.json").read_text()
    assert f'"{paths.VERSION.removeprefix("v")}"' in (paths.SOURCE / "python-sdk" / "main.go").read_text()
