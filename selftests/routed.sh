# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A router between two hosts, in which scripts run, and programs in the hosts
# that say exactly what they saw: for tests of what scripts send. To be sourced
# behind lib.sh.
need_command python3 iptables ip6tables
python3 -c 'import socket, struct' 2>/dev/null || skip_all "needs python3"

# routed: a router between two hosts. Scripts are loaded in the router.
#
#     $CLIENT                   $ROUTER                    $SERVER
#    +-------+          +----------------------+          +-------+
#    | veth0 |----------| client        server |----------| veth0 |
#    +-------+          +----------------------+          +-------+
#    10.78.1.1   10.78.1.254             10.78.2.254   10.78.2.1
#    fd78:1::1   fd78:1::fe              fd78:2::fe    fd78:2::1
ROUTER=nflua-r$$
FAR4=10.78.2.1 FAR6=fd78:2::1
router() { in_ns "$ROUTER" "$@"; }
routed() {
	local ns dev n
	namespace "$CLIENT" "$ROUTER" "$SERVER"
	for ns in "$CLIENT client 1" "$SERVER server 2"; do
		read -r ns dev n <<<"$ns"
		ip -n "$ns" link add veth0 type veth peer name "$dev" netns "$ROUTER" || exit 1
		ip -n "$ns" addr add "10.78.$n.1/24" dev veth0
		ip -n "$ns" addr add "fd78:$n::1/64" dev veth0 nodad
		ip -n "$ROUTER" addr add "10.78.$n.254/24" dev "$dev"
		ip -n "$ROUTER" addr add "fd78:$n::fe/64" dev "$dev" nodad
		ip -n "$ns" link set veth0 up
		ip -n "$ROUTER" link set "$dev" up
		ip -n "$ns" route add default via "10.78.$n.254"
		ip -n "$ns" route add default via "fd78:$n::fe"
	done
	# no limit on how many ICMP errors leave in a second
	router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
		net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
	server sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
	{ waits_for 10 client ping -c 1 -W 1 $FAR4 &&
		waits_for 10 client ping -c 1 -W 1 $FAR6; } ||
		skip_all "the namespaces do not reach each other" promised
}

ctl() { nfluactl -n "$ROUTER" "$@"; }
# shellcheck disable=SC2034 # lib.sh uses it
SCRIPT_NS=$ROUTER
peer() { client "$HERE/acts.py" "$@"; }

# serving NS COMMAND ADDRESS PORT FILE: starts acts.py there
serving() {
	: >"$5"
	ip netns exec "$1" "$HERE/acts.py" "${@:2}" >/dev/null &
	waits_for 10 grep -q listening "$5" || exit 1
}

# dropped SCRIPT N: did it drop so many packets?
dropped() { [ "$(field "$ROUTER" "$1" '[.entries[].outcomes.drop] | add')" = "$2" ]; }

# bad_sums NS: how many packets arrived with a wrong checksum
bad_sums() {
	in_ns "$1" cat /proc/net/snmp /proc/net/snmp6 | awk '
		$1 == "Tcp:" || $1 == "Udp:" || $1 == "Icmp:" {
			if ($1 in names) {
				split(names[$1], n)
				for (i = 2; i <= NF; i++)
					if (n[i] ~ /InCsumErrors/) sum += $i
			} else
				names[$1] = $0
		}
		$1 ~ /InCsumErrors/ { sum += $2 }
		END { print sum + 0 }'
}

# bridged: the same hosts have another way, through a bridge in the router:
# 10.79.0.1 and .2, fd79::1 and ::2, on veth1; ports "one" and "two" of br0.
BRIDGED4=10.79.0.2 BRIDGED6=fd79::2
bridged() {
	local ns port n
	ip -n "$ROUTER" link add br0 type bridge forward_delay 0 mcast_snooping 0 || exit 1
	ip -n "$ROUTER" link set br0 up
	for ns in "$CLIENT one 1" "$SERVER two 2"; do
		read -r ns port n <<<"$ns"
		ip -n "$ns" link add veth1 type veth peer name "$port" netns "$ROUTER" || exit 1
		ip -n "$ROUTER" link set "$port" master br0 up
		ip -n "$ns" addr add "10.79.0.$n/24" dev veth1
		ip -n "$ns" addr add "fd79::$n/64" dev veth1 nodad
		ip -n "$ns" link set veth1 up
	done
	{ waits_for 10 client ping -c 1 -W 1 $BRIDGED4 &&
		waits_for 10 client ping -c 1 -W 1 $BRIDGED6; } ||
		skip_all "the bridge does not forward" promised
}
