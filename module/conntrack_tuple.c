// SPDX-License-Identifier: GPL-2.0-only
/*
 * What identifies a direction of a connection, ct:tuple().
 *
 * Context of all functions: as those of conntrack.c.
 */
#include <linux/in.h>
#include <linux/in6.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_zones.h>
#include "address.h"
#include "conntrack.h"
#include "entry.h"
#include "words.h"
#include "lua/kernel/lua_internal.h"

static enum ip_conntrack_dir tuple_dir(unsigned int record)
{
	return record == NFLUA_RECORD_CT_REPLY ? IP_CT_DIR_REPLY :
						 IP_CT_DIR_ORIGINAL;
}

static const struct nf_conntrack_tuple *tuple_of(const struct nflua_ct *c,
						 unsigned int record)
{
	return nf_ct_tuple(c->ct, tuple_dir(record));
}

static bool is_icmp(const struct nf_conntrack_tuple *t)
{
	return t->dst.protonum == IPPROTO_ICMP ||
	       t->dst.protonum == IPPROTO_ICMPV6;
}

static bool has_ports(const struct nf_conntrack_tuple *t)
{
	switch (t->dst.protonum) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		return true;
	default:
		return false;
	}
}

static void set_address(lua_State *L, const struct nf_conntrack_tuple *t,
			const union nf_inet_addr *addr, StkId val)
{
	if (t->src.l3num == NFPROTO_IPV6) {
		nflua_address6_set(L, val, addr);
		return;
	}
	setpvalue(s2v(val), nflua_address4(ntohl(addr->ip), 32));
}

static void get_src(lua_State *L, const struct nflua_ct *c, unsigned int record,
		    StkId val)
{
	const struct nf_conntrack_tuple *t = tuple_of(c, record);

	set_address(L, t, &t->src.u3, val);
}

static void get_dst(lua_State *L, const struct nflua_ct *c, unsigned int record,
		    StkId val)
{
	const struct nf_conntrack_tuple *t = tuple_of(c, record);

	set_address(L, t, &t->dst.u3, val);
}

/* A number that only some protocols have. */
static void set_if(StkId val, bool has, u32 number)
{
	setnilvalue(s2v(val));
	if (has)
		setivalue(s2v(val), number);
}

static void get_sport(lua_State *L, const struct nflua_ct *c,
		      unsigned int record, StkId val)
{
	const struct nf_conntrack_tuple *t = tuple_of(c, record);

	set_if(val, has_ports(t), ntohs(t->src.u.all));
}

static void get_dport(lua_State *L, const struct nflua_ct *c,
		      unsigned int record, StkId val)
{
	const struct nf_conntrack_tuple *t = tuple_of(c, record);

	set_if(val, has_ports(t), ntohs(t->dst.u.all));
}

static void get_type(lua_State *L, const struct nflua_ct *c,
		     unsigned int record, StkId val)
{
	const struct nf_conntrack_tuple *t = tuple_of(c, record);

	set_if(val, is_icmp(t), t->dst.u.icmp.type);
}

static void get_code(lua_State *L, const struct nflua_ct *c,
		     unsigned int record, StkId val)
{
	const struct nf_conntrack_tuple *t = tuple_of(c, record);

	set_if(val, is_icmp(t), t->dst.u.icmp.code);
}

static void get_icmp_id(lua_State *L, const struct nflua_ct *c,
			unsigned int record, StkId val)
{
	const struct nf_conntrack_tuple *t = tuple_of(c, record);

	set_if(val, is_icmp(t), ntohs(t->src.u.icmp.id));
}

static void get_proto(lua_State *L, const struct nflua_ct *c,
		      unsigned int record, StkId val)
{
	setivalue(s2v(val), tuple_of(c, record)->dst.protonum);
}

static void get_family(lua_State *L, const struct nflua_ct *c,
		       unsigned int record, StkId val)
{
	nflua_meta_string(L, val,
			  tuple_of(c, record)->src.l3num == NFPROTO_IPV6 ?
			  "ipv6" : "ipv4");
}

/* A zone may be that of one direction alone. */
static void get_tuple_zone(lua_State *L, const struct nflua_ct *c,
			   unsigned int record, StkId val)
{
	setivalue(s2v(val), nf_ct_zone_id(nf_ct_zone(c->ct), tuple_dir(record)));
}

const struct nflua_field nflua_ct_tuple_fields[NFLUA_CT_TUPLE_FIELDS] = {
	NFLUA_CT_GET("family", get_family),
	NFLUA_CT_GET("proto", get_proto),
	NFLUA_CT_GET("src", get_src),
	NFLUA_CT_GET("dst", get_dst),
	NFLUA_CT_GET("sport", get_sport),
	NFLUA_CT_GET("dport", get_dport),
	NFLUA_CT_GET("type", get_type),
	NFLUA_CT_GET("code", get_code),
	NFLUA_CT_GET("id", get_icmp_id),
	NFLUA_CT_GET("zone", get_tuple_zone),
};

static const struct nflua_word protos[] = {
	{ "tcp", IPPROTO_TCP },
	{ "udp", IPPROTO_UDP },
	{ "icmp", IPPROTO_ICMP },
	{ "icmp6", IPPROTO_ICMPV6 },
	{ "sctp", IPPROTO_SCTP },
	{ "gre", IPPROTO_GRE },
};

/* protocols that have a name, where one is asked for or shown */
const struct nflua_words nflua_ct_protos = { protos, ARRAY_SIZE(protos) };

static const char *proto_word(u8 proto, char buf[8])
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(protos); i++)
		if (protos[i].value == proto)
			return protos[i].name;
	snprintf(buf, 8, "ip %u", proto);
	return buf;
}

/* Writes one end of a tuple. */
static int print_end(char *buf, size_t size, const struct nf_conntrack_tuple *t,
		     const union nf_inet_addr *addr, __be16 port)
{
	if (t->src.l3num == NFPROTO_IPV6)
		return has_ports(t) ?
		       scnprintf(buf, size, "[%pI6c]:%u", addr, ntohs(port)) :
		       scnprintf(buf, size, "%pI6c", addr);
	return has_ports(t) ?
	       scnprintf(buf, size, "%pI4:%u", addr, ntohs(port)) :
	       scnprintf(buf, size, "%pI4", addr);
}

/**
 * nflua_ct_tuple_print() - describe a direction of a connection
 * @c: the connection
 * @record: %NFLUA_RECORD_CT_REPLY for that of replies, else the original one
 * @buf: gets a line
 * @size: of @buf, bytes
 */
void nflua_ct_tuple_print(const struct nflua_ct *c, unsigned int record,
			  char *buf, size_t size)
{
	const struct nf_conntrack_tuple *t = tuple_of(c, record);
	char word[8];
	int len;

	len = scnprintf(buf, size, "%s ", proto_word(t->dst.protonum, word));
	len += print_end(buf + len, size - len, t, &t->src.u3, t->src.u.all);
	len += scnprintf(buf + len, size - len, " > ");
	print_end(buf + len, size - len, t, &t->dst.u3, t->dst.u.all);
}
