# Run in a mount and a network namespace of its own: tries what the engine needs and says what failed.
set -u
try() {
	what=$1
	shift
	"$@" >/dev/null || { echo "$what is not possible (\`$*\`)" >&2; exit 1; }
}
try "mounting a tmpfs" mount -t tmpfs tmpfs /mnt
mkdir /mnt/lower /mnt/upper /mnt/work /mnt/merged
try "mounting an overlay" mount -t overlay -o lowerdir=/mnt/lower,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/merged
try "making a bridge" ip link add probe0 type bridge
try "making a veth pair" ip link add probe1 type veth peer name probe2
try "network address translation" iptables -t nat -A POSTROUTING -s 192.0.2.0/24 -j MASQUERADE
try "connection tracking" iptables -A FORWARD -d 192.0.2.0/24 -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment probe -j ACCEPT
