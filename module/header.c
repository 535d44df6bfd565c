// SPDX-License-Identifier: GPL-2.0-only
/*
 * Protocol headers, one table each. A row drives reading, bounds and error
 * messages; names and bit positions are those of the RFC named above each
 * table. What a script reads is documented in nflua(7) from these rows.
 */
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/kernel.h>
#include <linux/netfilter.h>
#include "header.h"

/* RFC 791 section 3.1; dscp RFC 2474, ecn RFC 3168 */
static const struct nflua_field ip_fields[] = {
	NFLUA_UINT("version", 0, 4),
	NFLUA_UINT("ihl", 4, 4),
	NFLUA_UINT("tos", 8, 8),
	NFLUA_UINT("dscp", 8, 6),
	NFLUA_UINT("ecn", 14, 2),
	NFLUA_UINT("len", 16, 16),
	NFLUA_UINT("id", 32, 16),
	NFLUA_BOOL("df", 49),
	NFLUA_BOOL("mf", 50),
	NFLUA_UINT("frag", 51, 13),
	NFLUA_UINT("ttl", 64, 8),
	NFLUA_UINT("protocol", 72, 8),
	NFLUA_UINT("checksum", 80, 16),
	NFLUA_ADDRESS("src", 96, NFLUA_FIELD_IP4),
	NFLUA_ADDRESS("dst", 128, NFLUA_FIELD_IP4),
};

/* RFC 8200 section 3 */
static const struct nflua_field ip6_fields[] = {
	NFLUA_UINT("version", 0, 4),
	/* The traffic class straddles two bytes; RFC 2474 and 3168 split it. */
	NFLUA_UINT("tclass", 4, 8),
	NFLUA_UINT("dscp", 4, 6),
	NFLUA_UINT("ecn", 10, 2),
	NFLUA_UINT("flowlabel", 12, 20),
	NFLUA_UINT("len", 32, 16),
	NFLUA_UINT("nexthdr", 48, 8),
	NFLUA_UINT("hoplimit", 56, 8),
	NFLUA_ADDRESS("src", 64, NFLUA_FIELD_IP6),
	NFLUA_ADDRESS("dst", 192, NFLUA_FIELD_IP6),
};

/* RFC 9293 section 3.1 */
static const struct nflua_field tcp_fields[] = {
	NFLUA_UINT("sport", 0, 16),
	NFLUA_UINT("dport", 16, 16),
	NFLUA_UINT("seq", 32, 32),
	NFLUA_UINT("ack", 64, 32),
	NFLUA_UINT("doff", 96, 4),
	NFLUA_VIEW("flags", NFLUA_RECORD_TCP_FLAGS),
	NFLUA_UINT("window", 112, 16),
	NFLUA_UINT("checksum", 128, 16),
	NFLUA_UINT("urgent", 144, 16),
};

static const struct nflua_field tcp_flags_fields[] = {
	NFLUA_BOOL("cwr", 104),
	NFLUA_BOOL("ece", 105),
	NFLUA_BOOL("urg", 106),
	NFLUA_BOOL("ack", 107),
	NFLUA_BOOL("psh", 108),
	NFLUA_BOOL("rst", 109),
	NFLUA_BOOL("syn", 110),
	NFLUA_BOOL("fin", 111),
};

/* RFC 768 */
static const struct nflua_field udp_fields[] = {
	NFLUA_UINT("sport", 0, 16),
	NFLUA_UINT("dport", 16, 16),
	NFLUA_UINT("len", 32, 16),
	NFLUA_UINT("checksum", 48, 16),
};

/* RFC 792; id and seq of echo messages, mtu RFC 1191 */
static const struct nflua_field icmp_fields[] = {
	NFLUA_UINT("type", 0, 8),
	NFLUA_UINT("code", 8, 8),
	NFLUA_UINT("checksum", 16, 16),
	NFLUA_UINT("id", 32, 16),
	NFLUA_UINT("seq", 48, 16),
	NFLUA_UINT("mtu", 48, 16),
	NFLUA_ADDRESS("gateway", 32, NFLUA_FIELD_IP4),
};

/* RFC 4443 */
static const struct nflua_field icmp6_fields[] = {
	NFLUA_UINT("type", 0, 8),
	NFLUA_UINT("code", 8, 8),
	NFLUA_UINT("checksum", 16, 16),
	NFLUA_UINT("id", 32, 16),
	NFLUA_UINT("seq", 48, 16),
	NFLUA_UINT("mtu", 32, 32),
};

const struct nflua_header nflua_headers[__NFLUA_RECORD_MAX] = {
	[NFLUA_RECORD_PACKET] = { .name = "packet" },
	[NFLUA_RECORD_IP] =
		NFLUA_HEADER("ip", 20, NFPROTO_IPV4, 0, ip_fields),
	[NFLUA_RECORD_IP6] =
		NFLUA_HEADER("ip6", 40, NFPROTO_IPV6, 0, ip6_fields),
	[NFLUA_RECORD_TCP] =
		NFLUA_HEADER("tcp", 20, 0, IPPROTO_TCP, tcp_fields),
	[NFLUA_RECORD_TCP_FLAGS] =
		NFLUA_HEADER("tcp.flags", 20, 0, IPPROTO_TCP, tcp_flags_fields),
	[NFLUA_RECORD_UDP] =
		NFLUA_HEADER("udp", 8, 0, IPPROTO_UDP, udp_fields),
	[NFLUA_RECORD_ICMP] =
		NFLUA_HEADER("icmp", 8, NFPROTO_IPV4, IPPROTO_ICMP,
			     icmp_fields),
	[NFLUA_RECORD_ICMP6] =
		NFLUA_HEADER("icmp6", 8, NFPROTO_IPV6, IPPROTO_ICMPV6,
			     icmp6_fields),
	[NFLUA_RECORD_PAYLOAD] = { .name = "payload" },
	[NFLUA_RECORD_NETWORK] = { .name = "network data" },
	[NFLUA_RECORD_TRANSPORT] = { .name = "transport data" },
	[NFLUA_RECORD_LINK] = { .name = "link data" },
	[NFLUA_RECORD_FRAME] = { .name = "frame" },
	[NFLUA_RECORD_DATA] = { .name = "payload" },
};
