/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * What rules of iptables carry: those with the match "lua" or the target "LUA",
 * and those with user-defined extensions.
 */
#ifndef _UAPI_XT_NFLUA_H
#define _UAPI_XT_NFLUA_H

#include <linux/types.h>
#include "nflua.h"

/* Bytes of a rule's arguments. */
#define XT_LUA_ARGS_SIZE	256

/* flags of struct xt_lua_info */
#define XT_LUA_INVERT	0x01	/* the match only: "!" */
#define XT_LUA_PAYLOAD	0x02	/* only TCP and UDP with payload */
#define XT_LUA_MASK	0x04	/* only while the script's mask has bits of @mask */

/**
 * struct xt_lua_info - match "lua" and target "LUA", revision 0
 * @script: name of the script, NUL-terminated
 * @function: name of a global function, NUL-terminated; empty: what the
 *	script registered with nf:match or nf:target
 * @on_error: &enum nflua_on_error, one that fits
 * @flags: XT_LUA_*. A packet that PAYLOAD or MASK leave out does not match,
 *	with or without INVERT, or goes to the next rule.
 * @reserved: zero
 * @mask: with MASK: bits, not 0; else 0
 * @args: what the function gets: "key=value" strings with their NULs, then
 *	zeros. A key is letters, digits and underscores, no digit first.
 * @binding: the kernel's own, as @values neither read nor compared by user
 *	space
 * @values: the kernel's own
 */
struct xt_lua_info {
	char script[NFLUA_NAME_SIZE];
	char function[NFLUA_FUNCTION_SIZE];
	__u8 on_error;
	__u8 flags;
	__u8 reserved[2];
	__u32 mask;
	char args[XT_LUA_ARGS_SIZE];

	/* used internally by the kernel */
	struct nflua_binding *binding __attribute__((aligned(8)));
	struct nflua_values *values __attribute__((aligned(8)));
};

/* Most options of an extension, and most bytes of their values in a rule. */
#define XT_NFLUA_OPTIONS	31
#define XT_NFLUA_DATA_MAX	4096
/* The same of a target, whose data nf_tables keeps in a rule of 4 KiB. */
#define XT_NFLUA_TARGET_DATA_MAX	3072

/**
 * struct xt_nflua_info - data of a rule with a user-defined extension
 * @digest: of the whole declaration that the rule was made from
 * @inverted: a bit for each option, in the order of their declaration: "!" was
 *	in front of it
 * @reserved: zero
 * @count: by option, how many values were given; 0: it was not given
 * @reserved2: zero
 * @parts: digests that tell what of two declarations differs: of all but the
 *	options, and of each option; zero behind the last
 * @data: the values, laid out as struct nflua_extension_spec says; what was
 *	not given is zero. A multiple of 8 bytes.
 *
 * Behind @data there are 8 bytes more, which are the kernel's own and neither
 * read nor compared by user space. All of it is the same for 32-bit programs.
 */
struct xt_nflua_info {
	__u64 digest __attribute__((aligned(8)));
	__u32 inverted;
	__u8 reserved[4];
	__u8 count[XT_NFLUA_OPTIONS];
	__u8 reserved2;
	__u16 parts[1 + XT_NFLUA_OPTIONS];
	__u8 data[];
};

/**
 * struct xt_nflua_address - value of an option of type address or prefix
 * @addr: in network order; an IPv4 address in the first 4 bytes, then zeros.
 *	Host bits of a prefix are zero.
 * @plen: prefix length; of an address 32 or 128
 * @reserved: zero
 */
struct xt_nflua_address {
	__u8 addr[16];
	__u8 plen;
	__u8 reserved[3];
};

/**
 * struct xt_nflua_ports - value of an option of type portrange
 * @first: host order
 * @last: host order, not less than @first
 */
struct xt_nflua_ports {
	__u16 first;
	__u16 last;
};

#endif /* _UAPI_XT_NFLUA_H */
