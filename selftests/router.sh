# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A client and a server with a router between them that filters, tracks and
# translates: for tests of conntrack helpers. Read after lib.sh.
# shellcheck disable=SC2034,SC2153,SC2154 # tests use them; lib.sh sets them
#
#      $CLIENT                   $ROUTER                    $SERVER
#    +---------+            +---------------+             +---------+
#    |   veth0 |------------| west     east |-------------| veth0   |
#    +---------+            +---------------+             +---------+
#   10.88.1.2/24      10.88.1.1       10.88.2.1       10.88.2.2/24
#   fd88:1::2/64      fd88:1::1       fd88:2::1       fd88:2::2/64
ROUTER=nflua-r$$
CLIENT4=10.88.1.2 SERVER4=10.88.2.2 WEST4=10.88.1.1 EAST4=10.88.2.1
CLIENT6=fd88:1::2 SERVER6=fd88:2::2 WEST6=fd88:1::1 EAST6=fd88:2::1

router() { ip netns exec "$ROUTER" "$@"; }
ctl() { nfluactl -n "$ROUTER" "$@"; }

# side NAMESPACE DEVICE NET: joins a namespace to the router
side() {
	ip -n "$ROUTER" link add "$2" type veth peer name veth0 netns "$1" || exit 1
	ip -n "$ROUTER" addr add "10.88.$3.1/24" dev "$2"
	ip -n "$ROUTER" addr add "fd88:$3::1/64" dev "$2" nodad
	ip -n "$1" addr add "10.88.$3.2/24" dev veth0
	ip -n "$1" addr add "fd88:$3::2/64" dev veth0 nodad
	ip -n "$ROUTER" link set "$2" up
	ip -n "$1" link set veth0 up
	ip -n "$1" route add default via "10.88.$3.1"
	ip -n "$1" -6 route add default via "fd88:$3::1"
}

router_topology() {
	namespace "$CLIENT" "$ROUTER" "$SERVER"
	side "$CLIENT" west 1
	side "$SERVER" east 2
	router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	{ waits_for 20 client ping -c 1 -W 1 $SERVER4 &&
		waits_for 20 client ping -c 1 -W 1 $SERVER6; } ||
		skip_all "the namespaces do not reach each other" promised
	SCRIPT_NS=$ROUTER
}

# firewall PROTO PORT HELPER MODE: lets connections to PORT of the server pass,
# gives them HELPER, and lets pass besides only what they expect. MODE is plain,
# snat (the client is behind the router's address) or dnat (the server is).
firewall() {
	router nft flush ruleset
	router conntrack -F 2>/dev/null
	router conntrack -F expect 2>/dev/null
	router nft -f - <<-N
	table inet fw {
		ct helper it { type "$3" protocol $1; l3proto inet; }
		chain helpers {
			type filter hook prerouting priority filter
			$1 dport $2 ct helper set "it"
		}
		chain forward {
			type filter hook forward priority filter; policy drop
			ct state established,related accept
			$1 dport $2 accept
			meta l4proto { icmp, icmpv6 } accept
		}
	}
	table inet nat {
		chain pre {
			type nat hook prerouting priority dstnat
			$([ "$4" != dnat ] || echo "ip daddr $WEST4 $1 dport $2 dnat ip to $SERVER4")
			$([ "$4" != dnat ] || echo "ip6 daddr $WEST6 $1 dport $2 dnat ip6 to $SERVER6")
		}
		chain post {
			type nat hook postrouting priority srcnat
			$([ "$4" != snat ] || echo "oifname east masquerade")
		}
	}
	N
}

# target FAMILY MODE: where the client finds the server
target() {
	case $1$2 in
	4dnat) echo $WEST4 ;;
	6dnat) echo $WEST6 ;;
	4*) echo $SERVER4 ;;
	6*) echo $SERVER6 ;;
	esac
}

# the expectations of IPv4; with EXPECTS=ipv6 those of IPv6
expects() { router conntrack -L expect -f "${EXPECTS-ipv4}" 2>/dev/null; }
expected() { expects | wc -l; }
expected_is() { [ "$(expected)" = "$1" ]; }
