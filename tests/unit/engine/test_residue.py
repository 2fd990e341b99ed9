"""Removing one engine's traces and nobody else's."""

from pathlib import Path

import pytest

from engine import residue
from engine.instance import Instance

OURS = "CNI-" + "a" * 24
THEIRS = "CNI-" + "b" * 24
OPEN = """*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:CNI-ADMIN - [0:0]
:CNI-FORWARD - [0:0]
-A INPUT -s 10.87.0.2/32 -j ACCEPT
-A FORWARD -m comment --comment "CNI firewall plugin rules" -j CNI-FORWARD
-A CNI-FORWARD -m comment --comment "CNI firewall plugin admin overrides" -j CNI-ADMIN
"""
RULE = """-A CNI-FORWARD -d {ip}/32 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A CNI-FORWARD -s {ip}/32 -j ACCEPT
"""
NAT = """-A POSTROUTING -s {ip}/32 -m comment --comment "name: \\"{name}\\" id: \\"x\\"" -j {chain}
-A {chain} -d 10.0.0.0/16 -m comment --comment "name: \\"{name}\\" id: \\"x\\"" -j ACCEPT
-A {chain} ! -d 224.0.0.0/4 -m comment --comment "name: \\"{name}\\" id: \\"x\\"" -j MASQUERADE
"""
DOCKER = "-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE\n"


def saved(*, with_theirs: bool) -> str:
    ours, theirs = "10.87.0.2", "10.88.0.2"
    filtering = OPEN + RULE.format(ip=ours) + (RULE.format(ip=theirs) if with_theirs else "") + "COMMIT\n"
    nat = "*nat\n" + DOCKER + NAT.format(ip=ours, name="dagger", chain=OURS)
    nat += NAT.format(ip=theirs, name="dagger-else", chain=THEIRS) if with_theirs else ""
    return f"# comment\n{filtering}# comment\n{nat}COMMIT\n"


def test_only_this_networks_rules_go() -> None:
    removal = residue.iptables_removal(saved(with_theirs=True), "dagger", "10.87.0.0/16")
    assert removal.splitlines() == [
        "*filter",
        "-D CNI-FORWARD -d 10.87.0.2/32 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        "-D CNI-FORWARD -s 10.87.0.2/32 -j ACCEPT",
        "COMMIT",
        "*nat",
        f'-D POSTROUTING -s 10.87.0.2/32 -m comment --comment "name: \\"dagger\\" id: \\"x\\"" -j {OURS}',
        f"-F {OURS}",
        f"-X {OURS}",
        "COMMIT",
    ]


def test_the_shared_chains_go_with_the_last_network() -> None:
    removal = residue.iptables_removal(saved(with_theirs=False), "dagger", "10.87.0.0/16").splitlines()
    assert removal[removal.index("-X CNI-FORWARD") + 1] == "-X CNI-ADMIN"
    assert '-D FORWARD -m comment --comment "CNI firewall plugin rules" -j CNI-FORWARD' in removal
    assert not any("INPUT" in line or "172.17" in line for line in removal)


def test_an_administrators_override_keeps_the_chains() -> None:
    text = saved(with_theirs=False).replace("COMMIT", "-A CNI-ADMIN -s 192.0.2.1/32 -j DROP\nCOMMIT", 1)
    assert "-X" not in residue.iptables_removal(text, "dagger", "10.87.0.0/16").split("*nat")[0]


@pytest.mark.parametrize("text", ["", "*nat\n:POSTROUTING ACCEPT [0:0]\n" + DOCKER + "COMMIT\n"])
def test_nothing_to_remove(text: str) -> None:
    assert residue.iptables_removal(text, "dagger", "10.87.0.0/16") == ""


@pytest.mark.parametrize("hierarchy", ["", "memory", "unified"])
def test_control_groups_are_found_innermost_first(hierarchy: str, tmp_path: Path) -> None:
    top = tmp_path / hierarchy / Instance().cgroup
    (top / "buildkit" / "x").mkdir(parents=True)
    (tmp_path / hierarchy / "slipway-engine-other").mkdir()
    assert residue.control_groups(Instance(), tmp_path) == [top / "buildkit" / "x", top / "buildkit", top]
