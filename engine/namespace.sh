# Run as the first process of mount and pid namespaces of its own: gives the engine its own /etc, /run and /var/lib/cni,
# so that several engines do not meet, the host keeps its resolver, and all of it vanishes with the last process.
#
# namespace.sh STAGE SOCKETS ENGINE_JSON COMMAND…
set -eu
stage=$1 sockets=$2 engine_json=$3
shift 3

mount -t tmpfs tmpfs "$stage"
mkdir "$stage/etc" "$stage/work" "$stage/sockets"
# Read before they are covered: each may be a link into /run or a mount of its own.
for name in resolv.conf hosts hostname; do
	[ ! -e "/etc/$name" ] || cat "/etc/$name" >"$stage/$name"
done
cat "$engine_json" >"$stage/engine.json"
mount --bind "$sockets" "$stage/sockets"

mount -t overlay -o "lowerdir=/etc,upperdir=$stage/etc,workdir=$stage/work" overlay /etc
for name in resolv.conf hosts hostname; do
	rm -f "/etc/$name"
	[ ! -e "$stage/$name" ] || cp "$stage/$name" "/etc/$name"
done
rm -rf /etc/dagger
mkdir /etc/dagger
cp "$stage/engine.json" /etc/dagger/engine.json

mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/dagger
mount --bind "$stage/sockets" /run/dagger
mount -t tmpfs tmpfs /var/lib/cni

exec "$@"
