/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * What rules of user-defined iptables extensions carry.
 */
#ifndef _UAPI_XT_NFLUA_H
#define _UAPI_XT_NFLUA_H

#include <linux/types.h>

/* Most options of an extension, and most bytes of their values in a rule. */
#define XT_NFLUA_OPTIONS	31
#define XT_NFLUA_DATA_MAX	4096

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
