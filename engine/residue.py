"""What an engine leaves on the host when it ends, in order or not, and how it is removed.

Its mounts and processes are in namespaces of their own and vanish with it. What stays: the bridge, rules of iptables,
control groups, and the socket.
"""

import contextlib
import ipaddress
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from engine.command import run
from engine.instance import Instance

CNI = Path("/var/lib/cni")
"""Mount point of what the CNI plugins remember; empty on the host itself."""


def iptables_removal(saved: str, network: str, subnet: str) -> str:
    """Input for `iptables-restore --noflush` that removes one CNI network's rules and nothing else.

    The bridge plugin's rules carry the network's name in a comment and jump to a chain for each container; the
    firewall plugin's are told by the container's address. Its two chains go with the last rule in them.

    Args:
        saved: what `iptables-save` prints.
        network: name of the CNI network.
        subnet: its addresses.

    Returns:
        Empty where there is nothing to remove.
    """
    addresses = ipaddress.IPv4Network(subnet)
    tables = []
    for name, rules in _tables(saved):
        doomed = [rule for rule in rules if _is_ours(rule, network, addresses)]
        chains = sorted({chain for rule in doomed for chain in re.findall(r"-[Aj] (CNI-[0-9a-f]{24})\b", rule)})
        direct = [rule for rule in doomed if not rule.startswith("-A CNI-") or rule.startswith("-A CNI-FORWARD")]
        rest = [rule for rule in rules if rule not in doomed]
        lines = [f"-D{rule[2:]}" for rule in direct]
        lines += [f"{verb} {chain}" for verb in ("-F", "-X") for chain in chains]
        if not any(rule.startswith(("-A CNI-ADMIN", "-A CNI-FORWARD -d", "-A CNI-FORWARD -s")) for rule in rest):
            firewall = [rule for rule in rest if re.search(r"-j CNI-(ADMIN|FORWARD)$", rule)]
            lines += [f"-D{rule[2:]}" for rule in firewall]
            lines += ["-X CNI-FORWARD", "-X CNI-ADMIN"] if firewall else []
        if lines:
            tables += [f"*{name}", *lines, "COMMIT"]
    return "".join(f"{line}\n" for line in tables)


def _tables(saved: str) -> Iterator[tuple[str, list[str]]]:
    for table in re.findall(r"^\*(\w+)\n(.*?)^COMMIT$", saved, re.MULTILINE | re.DOTALL):
        yield table[0], [line for line in table[1].splitlines() if line.startswith("-A ")]


def _is_ours(rule: str, network: str, addresses: ipaddress.IPv4Network) -> bool:
    if f'name: \\"{network}\\"' in rule:
        return True
    found = re.match(r"-A CNI-FORWARD -[sd] ([\d.]+)/32 ", rule)
    return bool(found) and ipaddress.IPv4Address(found[1] if found else "") in addresses


def remove_rules(instance: Instance) -> None:
    """Removes the instance's rules of iptables, all at once."""
    removal = iptables_removal(run(["iptables-save"], doing="reading iptables"), instance.network, instance.subnet)
    if removal:
        run(["iptables-restore", "--noflush"], doing="removing rules of iptables", stdin=removal)


def remove_interfaces(instance: Instance) -> None:
    """Removes the bridge and the veth pairs on it; those go by themselves, but later."""
    shown = subprocess.run(
        ["ip", "-o", "link", "show", "master", instance.bridge], capture_output=True, text=True, check=False
    )
    for veth in re.findall(r"^\d+: ([^@:]+)", shown.stdout, re.MULTILINE):
        subprocess.run(["ip", "link", "delete", veth], capture_output=True, check=False)
    bridge = subprocess.run(["ip", "link", "show", "dev", instance.bridge], capture_output=True, check=False)
    if bridge.returncode == 0:
        run(["ip", "link", "delete", instance.bridge], doing="removing the engine's bridge")


def control_groups(instance: Instance, root: Path = Path("/sys/fs/cgroup")) -> list[Path]:
    """The instance's control groups, in version 2's one hierarchy or in each of version 1's, innermost first."""
    tops = [place / instance.cgroup for place in (root, *root.iterdir())] if root.is_dir() else []
    return [path for top in tops if top.is_dir() for path in (*_inside(top), top)]


def _inside(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            yield from _inside(path)
            yield path


def remove_control_groups(instance: Instance, patience: float = 10.0) -> None:
    """Removes control groups; the kernel refuses while a killed process is still going, hence some patience, in s."""
    deadline = time.monotonic() + patience
    while groups := control_groups(instance):
        for group in groups:
            with contextlib.suppress(OSError):
                group.rmdir()
        if time.monotonic() > deadline:
            break
        time.sleep(0.05)


def clear(instance: Instance) -> None:
    """Removes what a dead engine has left on the host, so that the next one starts as on a fresh host."""
    if shutil.which("ip"):
        remove_interfaces(instance)
    if shutil.which("iptables-save"):
        remove_rules(instance)
    remove_control_groups(instance)
    # Handles of network namespaces that are gone; the engine would try to release each.
    shutil.rmtree(instance.state / "net", ignore_errors=True)
    instance.socket.unlink(missing_ok=True)


def remove_places(instance: Instance) -> None:
    """Removes the folder of the socket.

    The empty folder CNI stays: removing a folder takes away what other engines have mounted on it.
    """
    shutil.rmtree(instance.run, ignore_errors=True)
