/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_RUN_H
#define _NFLUA_RUN_H

#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/netlink.h>
#include <linux/skbuff.h>
#include "entry.h"
#include "script.h"

/**
 * struct nflua_run - a test run: bytes that are put to an entry point
 * @script: name of the script
 * @kind: &enum nflua_entry_kind, -1 for any; then what the entry point is
 * @name: name of the entry point, NULL for any
 * @as: what a function serves as, %NFLUA_ENTRY_MATCH or %NFLUA_ENTRY_TARGET
 * @data: the bytes
 * @size: how many
 * @raw: they begin at the network header, not at an Ethernet header
 * @hooknum: NF_INET_*, -1 for the default; then where the packet was met, in
 *	the hook's family
 * @iif: name of the input device, NULL for the default
 * @oif: name of the output device, NULL for the default
 * @mark: the packet's mark
 * @repeat: how many calls are asked for
 * @rule: what a rule would give the entry point, or NULL; as %NFLUA_A_RUN_RULE
 * @rule_size: bytes of it
 * @entry: copy of the entry point, with statistics of its own
 * @values: what the entry point gets beside the packet, or NULL
 * @hs: where the script meets the packet, as it sees it
 * @skb: the packet
 * @pf: family that meets it, %NFPROTO_UNSPEC for the default; then of where it
 *	was met
 * @head: what precedes @skb's data of what came as @data
 * @before: bytes of the packet when the script first met it
 * @before_size: how many
 * @held: the script held packets of it
 * @outcome: of the last call, with %NFLUA_BY_POLICY
 * @failed: calls that failed
 * @error: NFLUA_A_ERROR_* of the last one that failed
 * @calls: calls that were made
 * @time: ns that they took together
 * @cpu: of the last call
 * @reason: why there was no call, completed; or NULL
 * @output_len: bytes in @output
 * @output: what the calls printed
 * @text: message and traceback of the last call that failed
 */
struct nflua_run {
	const char *script;
	int kind;
	const char *name;
	u8 as;
	const void *data;
	u32 size;
	bool raw;
	int hooknum;
	const char *iif;
	const char *oif;
	u32 mark;
	u32 repeat;
	const void *rule;
	u32 rule_size;

	struct nflua_entry entry;
	struct nflua_values *values;
	struct nf_hook_state hs;
	struct sk_buff *skb;
	u8 pf;
	u32 head;
	void *before;
	u32 before_size;
	bool held;

	unsigned int outcome;
	u32 failed;
	u8 error;
	u32 calls;
	u64 time;
	unsigned int cpu;
	char *reason;
	unsigned int output_len;
	char output[NFLUA_OUTPUT_MAX];
	char text[NFLUA_FAILURE_MAX + 1];
};

int nflua_run(struct nflua_net *nn, struct nflua_run *run,
	      struct netlink_ext_ack *extack);
const void *nflua_run_changed(const struct nflua_run *run, u32 *size);
void nflua_run_clear(struct nflua_run *run);

struct nflua_run *nflua_run_of(const struct nf_hook_state *hs);
void nflua_run_failed(struct nflua_run *run, int kind, const char *text,
		      size_t len);
void nflua_run_printed(struct nflua_run *run, const char *text, size_t len);

/* frame.c: bytes as the packet that a hook meets */
int nflua_frame_parse(struct nflua_run *run);
void nflua_frame_place(struct nflua_run *run);

#endif /* _NFLUA_RUN_H */
