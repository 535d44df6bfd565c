// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkt:mangle(): other bytes in a packet's payload, also more or fewer of them.
 * Lengths and checksums follow, and for TCP the sequence numbers of all later
 * packets of the connection: netfilter adjusts them behind the helper.
 */
#include <linux/in.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_seqadj.h>
#include <net/netfilter/nf_nat_helper.h>
#include "entry.h"
#include "header.h"
#include "helper.h"
#include "library.h"
#include "packet.h"
#include "lua/kernel/lua_internal.h"

#if IS_ENABLED(CONFIG_NF_NAT)

static int failed(lua_State *L, const char *why, int errnum)
{
	return nflua_library_failure(L, why, errnum);
}

static const char too_far[] = "the payload has no such bytes";

/*
 * pkt:mangle(pos, len, replacement): put a string in the place of len bytes of
 * the payload, from pos on, which counts from 1 as pkt.payload:find() does. true,
 * or nil, message, errno: ERANGE without such bytes, EMSGSIZE if the packet would
 * be too long, EOPNOTSUPP if the length of a TCP stream cannot change, because
 * the connection is older than its helper.
 *
 * Rests on __nf_nat_mangle_tcp_packet() and nf_nat_mangle_udp_packet(). Context:
 * a helper's callback
 */
int nflua_mangle(lua_State *L)
{
	struct nflua_packet *p = nflua_packet_check_whole(L);
	const lua_Integer pos = luaL_checkinteger(L, 2);
	const lua_Integer len = luaL_checkinteger(L, 3);
	struct nflua_state *st = nflua_state(L);
	struct sk_buff *skb = p->skb;
	enum ip_conntrack_info info;
	const char *replacement;
	struct nf_conn *ct;
	size_t size;
	s64 off;
	bool ok;

	replacement = luaL_checklstring(L, 4, &size);
	luaL_argcheck(L, pos >= 1, 2, "position is less than 1");
	luaL_argcheck(L, len >= 0, 3, "number is negative");
	if (!nflua_helper_now(st) || p != &st->packet)
		luaL_error(L, "only a helper may mangle a packet, in its callback");
	ct = nf_ct_get(skb, &info);
	off = nflua_packet_payload(p);
	if (!ct || off < 0 || p->l4proto != nf_ct_protonum(ct))
		return failed(L, too_far, ERANGE);
	if (pos - 1 > p->len - off || len > p->len - off - (pos - 1))
		return failed(L, too_far, ERANGE);
	if (size > U16_MAX || skb->len - len + size > U16_MAX)
		return failed(L, "the packet would be longer than 65535 bytes",
			      EMSGSIZE);
	if (p->noff || skb_shared(skb))
		return failed(L, "the packet cannot be written here",
			      EOPNOTSUPP);
	if (p->l4proto == IPPROTO_TCP && size != len && !nfct_seqadj(ct))
		return failed(L, "the connection is older than its helper: its length cannot change",
			      EOPNOTSUPP);
	lua_burn(L, 1 + skb->len / 64);
	ok = p->l4proto == IPPROTO_TCP ?
	     __nf_nat_mangle_tcp_packet(skb, ct, info, p->l4off, pos - 1, len,
					replacement, size, false) :
	     nf_nat_mangle_udp_packet(skb, ct, info, p->l4off, pos - 1, len,
				      replacement, size);
	/* It may have been moved all the same. */
	nflua_packet_parse(p);
	if (!ok)
		return failed(L, "not enough memory", ENOMEM);
	if (p->l4proto == IPPROTO_TCP && size != len) {
		const struct tcphdr *tcp = (void *)skb->data + p->l4off;

		nflua_helper_grown(st, tcp->seq, (int)size - (int)len);
	}
	lua_pushboolean(L, true);
	return 1;
}

#endif /* CONFIG_NF_NAT */
