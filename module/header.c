// SPDX-License-Identifier: GPL-2.0-only
/*
 * Protocol headers, one table each. A row drives reading, writing, bounds and
 * error messages; names and bit positions are those of the RFC named above each
 * table. What a script reads is documented in nflua(7) from these rows.
 *
 * What says where other bytes lie, or what they are, is read-only: the kernel
 * and the packet's views have gone by it already. So is what is signed.
 */
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/kernel.h>
#include <linux/netfilter.h>
#include "header.h"

#define RO	0
#define RW	NFLUA_FIELD_WRITABLE
#define ROUTE	(RW | NFLUA_FIELD_ROUTE)
#define ADDRESS	(ROUTE | NFLUA_FIELD_PSEUDO)
#define DST	NFLUA_FIELD_DST
#define SUM	(RW | NFLUA_FIELD_CHECKSUM)

/* IEEE 802.3 section 3.2 */
static const struct nflua_field eth_fields[] = {
	NFLUA_ADDRESS("dst", 0, NFLUA_FIELD_MAC, RW),
	NFLUA_ADDRESS("src", 48, NFLUA_FIELD_MAC, RW),
	NFLUA_FAR("type", 96, 16, RW),
};

/* IEEE 802.1Q section 9.6; the device may have taken it out of the frame */
static const struct nflua_field vlan_fields[] = {
	NFLUA_GET_SET("id", nflua_vlan_get_id, nflua_vlan_set_id),
	NFLUA_GET_SET("pcp", nflua_vlan_get_pcp, nflua_vlan_set_pcp),
	NFLUA_GET_SET("dei", nflua_vlan_get_dei, nflua_vlan_set_dei),
	NFLUA_GET("type", nflua_vlan_get_type),
};

/* RFC 826, for Ethernet and IPv4 */
static const struct nflua_field arp_fields[] = {
	NFLUA_UINT("htype", 0, 16, RO),
	NFLUA_UINT("ptype", 16, 16, RO),
	NFLUA_UINT("hlen", 32, 8, RO),
	NFLUA_UINT("plen", 40, 8, RO),
	NFLUA_UINT("op", 48, 16, RW),
	NFLUA_ADDRESS("sha", 64, NFLUA_FIELD_MAC, RW),
	NFLUA_ADDRESS("spa", 112, NFLUA_FIELD_IP4, RW),
	NFLUA_ADDRESS("tha", 144, NFLUA_FIELD_MAC, RW),
	NFLUA_ADDRESS("tpa", 192, NFLUA_FIELD_IP4, RW),
};

/* RFC 791 section 3.1; dscp RFC 2474, ecn RFC 3168 */
static const struct nflua_field ip_fields[] = {
	NFLUA_UINT("version", 0, 4, RO),
	NFLUA_UINT("ihl", 4, 4, RO),
	NFLUA_UINT("tos", 8, 8, ROUTE),
	NFLUA_UINT("dscp", 8, 6, ROUTE),
	NFLUA_UINT("ecn", 14, 2, ROUTE),
	NFLUA_UINT("len", 16, 16, RO),
	NFLUA_UINT("id", 32, 16, RW),
	NFLUA_BOOL("df", 49, RW),
	NFLUA_BOOL("mf", 50, RO),
	NFLUA_UINT("frag", 51, 13, RO),
	NFLUA_UINT("ttl", 64, 8, RW),
	NFLUA_UINT("protocol", 72, 8, RO),
	NFLUA_UINT("checksum", 80, 16, SUM),
	NFLUA_ADDRESS("src", 96, NFLUA_FIELD_IP4, ADDRESS),
	NFLUA_ADDRESS("dst", 128, NFLUA_FIELD_IP4, ADDRESS | DST),
	NFLUA_METHOD("option", nflua_option_ip),
};

/* RFC 8200 section 3 */
static const struct nflua_field ip6_fields[] = {
	NFLUA_UINT("version", 0, 4, RO),
	/* The traffic class straddles two bytes; RFC 2474 and 3168 split it. */
	NFLUA_UINT("tclass", 4, 8, ROUTE),
	NFLUA_UINT("dscp", 4, 6, ROUTE),
	NFLUA_UINT("ecn", 10, 2, ROUTE),
	NFLUA_UINT("flowlabel", 12, 20, ROUTE),
	NFLUA_UINT("len", 32, 16, RO),
	NFLUA_UINT("nexthdr", 48, 8, RO),
	NFLUA_UINT("hoplimit", 56, 8, RW),
	NFLUA_ADDRESS("src", 64, NFLUA_FIELD_IP6, ADDRESS),
	NFLUA_ADDRESS("dst", 192, NFLUA_FIELD_IP6, ADDRESS | DST),
	NFLUA_METHOD("header", nflua_option_header),
};

/* RFC 9293 section 3.1 */
static const struct nflua_field tcp_fields[] = {
	NFLUA_UINT("sport", 0, 16, RW),
	NFLUA_UINT("dport", 16, 16, RW),
	NFLUA_UINT("seq", 32, 32, RW),
	NFLUA_UINT("ack", 64, 32, RW),
	NFLUA_UINT("doff", 96, 4, RO),
	NFLUA_VIEW("flags", NFLUA_RECORD_TCP_FLAGS),
	NFLUA_UINT("window", 112, 16, RW),
	NFLUA_UINT("checksum", 128, 16, SUM),
	NFLUA_UINT("urgent", 144, 16, RW),
	NFLUA_METHOD("option", nflua_option_tcp),
};

static const struct nflua_field tcp_flags_fields[] = {
	NFLUA_BOOL("cwr", 104, RW),
	NFLUA_BOOL("ece", 105, RW),
	NFLUA_BOOL("urg", 106, RW),
	NFLUA_BOOL("ack", 107, RW),
	NFLUA_BOOL("psh", 108, RW),
	NFLUA_BOOL("rst", 109, RW),
	NFLUA_BOOL("syn", 110, RW),
	NFLUA_BOOL("fin", 111, RW),
};

/* RFC 768 */
static const struct nflua_field udp_fields[] = {
	NFLUA_UINT("sport", 0, 16, RW),
	NFLUA_UINT("dport", 16, 16, RW),
	NFLUA_UINT("len", 32, 16, RO),
	NFLUA_UINT("checksum", 48, 16, SUM),
};

/* RFC 792; id and seq of echo messages, mtu RFC 1191 */
static const struct nflua_field icmp_fields[] = {
	NFLUA_UINT("type", 0, 8, RW),
	NFLUA_UINT("code", 8, 8, RW),
	NFLUA_UINT("checksum", 16, 16, SUM),
	NFLUA_UINT("id", 32, 16, RW),
	NFLUA_UINT("seq", 48, 16, RW),
	NFLUA_UINT("mtu", 48, 16, RW),
	NFLUA_ADDRESS("gateway", 32, NFLUA_FIELD_IP4, RW),
};

/* RFC 4443 */
static const struct nflua_field icmp6_fields[] = {
	NFLUA_UINT("type", 0, 8, RW),
	NFLUA_UINT("code", 8, 8, RW),
	NFLUA_UINT("checksum", 16, 16, SUM),
	NFLUA_UINT("id", 32, 16, RW),
	NFLUA_UINT("seq", 48, 16, RW),
	NFLUA_UINT("mtu", 32, 32, RW),
};

/* RFC 9260 section 3.1 */
static const struct nflua_field sctp_fields[] = {
	NFLUA_UINT("sport", 0, 16, RW),
	NFLUA_UINT("dport", 16, 16, RW),
	NFLUA_UINT("vtag", 32, 32, RW),
	NFLUA_UINT("checksum", 64, 32, SUM),
};

/* RFC 2784 section 2.1; k, s, key and seq RFC 2890 */
static const struct nflua_field gre_fields[] = {
	NFLUA_BOOL("c", 0, RO),
	NFLUA_BOOL("k", 2, RO),
	NFLUA_BOOL("s", 3, RO),
	NFLUA_UINT("version", 13, 3, RO),
	NFLUA_UINT("protocol", 16, 16, RO),
	NFLUA_GET_SET("checksum", nflua_option_get_checksum,
		      nflua_option_set_checksum),
	NFLUA_GET_SET("key", nflua_option_get_key, nflua_option_set_key),
	NFLUA_GET_SET("seq", nflua_option_get_seq, nflua_option_set_seq),
};

/* RFC 4303 section 2 */
static const struct nflua_field esp_fields[] = {
	NFLUA_UINT("spi", 0, 32, RO),
	NFLUA_UINT("seq", 32, 32, RO),
};

/* RFC 4302 section 2 */
static const struct nflua_field ah_fields[] = {
	NFLUA_FAR("nexthdr", 0, 8, RO),
	NFLUA_FAR("len", 8, 8, RO),
	NFLUA_FAR("spi", 32, 32, RO),
	NFLUA_FAR("seq", 64, 32, RO),
};

const struct nflua_header nflua_headers[__NFLUA_RECORD_MAX] = {
	[NFLUA_RECORD_PACKET] = { .name = "packet" },
	[NFLUA_RECORD_IP] = NFLUA_HEADER("ip", 20, NFPROTO_IPV4, 0,
					 NFLUA_SUM_IP, ip_fields),
	[NFLUA_RECORD_IP6] = NFLUA_HEADER("ip6", 40, NFPROTO_IPV6, 0,
					  NFLUA_SUM_NONE, ip6_fields),
	[NFLUA_RECORD_ARP] = NFLUA_HEADER("arp", 28, NFPROTO_ARP, 0,
					  NFLUA_SUM_NONE, arp_fields),
	[NFLUA_RECORD_TCP] = NFLUA_HEADER("tcp", 20, 0, IPPROTO_TCP,
					  NFLUA_SUM_TRANSPORT, tcp_fields),
	[NFLUA_RECORD_TCP_FLAGS] = NFLUA_HEADER("tcp.flags", 20, 0, IPPROTO_TCP,
						NFLUA_SUM_TRANSPORT,
						tcp_flags_fields),
	[NFLUA_RECORD_UDP] = NFLUA_HEADER("udp", 8, 0, IPPROTO_UDP,
					  NFLUA_SUM_TRANSPORT, udp_fields),
	[NFLUA_RECORD_ICMP] = NFLUA_HEADER("icmp", 8, NFPROTO_IPV4,
					   IPPROTO_ICMP, NFLUA_SUM_TRANSPORT,
					   icmp_fields),
	[NFLUA_RECORD_ICMP6] = NFLUA_HEADER("icmp6", 8, NFPROTO_IPV6,
					    IPPROTO_ICMPV6, NFLUA_SUM_TRANSPORT,
					    icmp6_fields),
	[NFLUA_RECORD_SCTP] = NFLUA_HEADER("sctp", 12, 0, IPPROTO_SCTP,
					   NFLUA_SUM_CRC, sctp_fields),
	[NFLUA_RECORD_GRE] = NFLUA_HEADER("gre", 4, 0, IPPROTO_GRE,
					  NFLUA_SUM_TRANSPORT, gre_fields),
	[NFLUA_RECORD_ESP] = NFLUA_HEADER("esp", 8, 0, IPPROTO_ESP,
					  NFLUA_SUM_NONE, esp_fields),
	[NFLUA_RECORD_PAYLOAD] = { .name = "payload" },
	[NFLUA_RECORD_ETH] = NFLUA_HEADER("eth", 14, 0, 0, NFLUA_SUM_NONE,
					  eth_fields),
	[NFLUA_RECORD_VLAN] = NFLUA_HEADER("vlan", 4, 0, 0, NFLUA_SUM_NONE,
					   vlan_fields),
	[NFLUA_RECORD_AH] = NFLUA_HEADER("ah", 12, 0, 0, NFLUA_SUM_NONE,
					 ah_fields),
	[NFLUA_RECORD_NETWORK] = { .name = "network data" },
	[NFLUA_RECORD_TRANSPORT] = { .name = "transport data" },
	[NFLUA_RECORD_LINK] = { .name = "link data" },
	[NFLUA_RECORD_FRAME] = { .name = "frame" },
	[NFLUA_RECORD_DATA] = { .name = "payload" },
	/* Their fields are in nflua_ct_header(). */
	[NFLUA_RECORD_CT] = { .name = "ct" },
	[NFLUA_RECORD_CT_STATUS] = { .name = "ct.status" },
	[NFLUA_RECORD_CT_ORIGINAL] = { .name = "tuple" },
	[NFLUA_RECORD_CT_REPLY] = { .name = "tuple" },
	[NFLUA_RECORD_CT_TCP] = { .name = "ct.tcp" },
};
