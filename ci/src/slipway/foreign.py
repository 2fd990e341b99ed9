"""Debian for another processor, put together from its packages without running any of their programs."""

import dagger
from dagger import dag

from slipway.target import ARM64
from slipway.toolchain import PYTHON, debian

ESSENTIAL = ("base-files", "base-passwd", "libc-bin")
"""What a program expects to find and no package asks for: folders, users, name resolution."""

# What the packages' own scripts would do, as far as serving needs it: users and name resolution from their templates,
# dpkg's list of what is installed, which scanners read, compiled Python, which is the same on every processor, and the
# certificate authorities, which are text: those that this processor's Debian has collected serve as well.
_ASSEMBLE = """
root=/root-$1 state=/state
python=$2
shift 2
mkdir -p $state/lists/partial $state/archives/partial $root/var/lib/dpkg
: >$state/status
apt="apt-get -qq -o APT::Architecture=${root#/root-} -o APT::Architectures=${root#/root-}
  -o Dir::State::Lists=$state/lists -o Dir::State::Status=$state/status -o Dir::Cache::Archives=$state/archives"
$apt update
$apt install -y --download-only --no-install-recommends "$@" >/dev/null
for package in $state/archives/*.deb; do
  dpkg-deb -x "$package" $root
  { dpkg-deb -f "$package"; echo "Status: install ok installed"; echo; } >>$root/var/lib/dpkg/status
done
cp $root/usr/share/base-passwd/passwd.master $root/etc/passwd
cp $root/usr/share/base-passwd/group.master $root/etc/group
cp $root/usr/share/libc-bin/nsswitch.conf $root/etc/nsswitch.conf
mkdir -p $root/usr/local/share
cp -a /etc/ssl/certs $root/etc/ssl/
cp -a /usr/local/share/ca-certificates $root/usr/local/share/
find $root/usr/share/doc ! -type d ! -name copyright -delete
rm -rf $root/usr/share/locale $root/usr/share/man $root/usr/share/info $root/usr/share/lintian
python3 -m compileall -q --invalidation-mode unchecked-hash -s $root -p / $root/usr/lib/python$python
find $root -exec touch -hd @0 {} +
mv $root /root-made
"""


def foreign(*packages: str, platform: dagger.Platform = ARM64) -> dagger.Container:
    """Debian trixie for a processor that this one cannot run: just the packages and what they depend on, no shell.

    Nothing of it is executed, so neither emulation nor a base image for that platform is needed.

    Args:
        packages: packages of Debian.
        platform: what they are for: `linux/` and Debian's name of the architecture.
    """
    architecture = str(platform).removeprefix("linux/")
    root = (
        debian("ca-certificates", "python3")
        .with_exec(["sh", "-euc", _ASSEMBLE, "assemble", architecture, PYTHON, *sorted({*ESSENTIAL, *packages})])
        .directory("/root-made")
    )
    return (
        dag.container(platform=platform)
        .with_rootfs(root)
        .with_env_variable("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    )
