// SPDX-License-Identifier: GPL-2.0-only
/* nfluactl run: call an entry point on packets that the user gives. */
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "packets.h"
#include "print.h"
#include "rule.h"

#define ROW	16	/* bytes in a line of a difference */

/**
 * struct test - one run of the command
 * @run: the request, the same for all packets but for these
 * @name: of the script
 * @rule: what a rule would give the entry point
 * @packets: where packets come from
 * @expected: what they are expected to be answered
 * @has_expected: whether anything is expected
 * @differences: answers that were not as expected
 */
struct test {
	struct nflua_run run;
	const char *name;
	struct rule rule;
	struct packets packets;
	struct expected expected;
	bool has_expected;
	unsigned long differences;
};

/* A script's name, or a file that has one? */
static bool is_file(const char *operand)
{
	size_t len = strlen(operand);

	return !strcmp(operand, "-") || strchr(operand, '/') ||
	       (len > 4 && !strcmp(operand + len - 4, ".lua"));
}

/* [KIND:]NAME, or a kind alone */
static void take_entry(struct nflua_run *run, const char *entry)
{
	size_t len = strcspn(entry, ":");
	char kind[16] = "";

	run->entry = entry;
	if (len >= sizeof(kind))
		return;
	memcpy(kind, entry, len);
	run->kind = nflua_kind_find(kind);
	if (run->kind >= 0)
		run->entry = entry[len] && entry[len + 1] ? entry + len + 1 : NULL;
}

static int take_options(struct ctl *ctl, struct nflua_run *run)
{
	const char *entry = ctl_value(ctl, "entry"), *hook = ctl_value(ctl, "hook");
	const char *role = ctl_value(ctl, "role"), *repeat = ctl_value(ctl, "repeat");
	const char *mark = ctl_value(ctl, "mark"), *family = ctl_value(ctl, "family");
	int found;
	uint64_t number;
	int64_t value;

	run->kind = -1;
	run->hooknum = -1;
	run->iif = ctl_value(ctl, "iif");
	run->oif = ctl_value(ctl, "oif");
	if (entry)
		take_entry(run, entry);
	if (hook) {
		run->hooknum = nflua_hook_find(hook);
		if (run->hooknum < 0)
			return ctl_usage(ctl, "'%s' is no hook: prerouting, input, forward, output, postrouting",
					 hook);
	}
	if (family) {
		found = nflua_family_find(family);
		if (found < 0)
			return ctl_usage(ctl, "'%s' is no family: ipv4, ipv6, inet, arp, bridge, netdev",
					 family);
		run->family = found;
	}
	if (role) {
		if (strcmp(role, "match") && strcmp(role, "target"))
			return ctl_usage(ctl, "'%s' is no role: match, target", role);
		run->as = nflua_kind_find(role);
	}
	if (mark) {
		if (!ctl_parse_integer(mark, &value) || value < 0 || value > UINT32_MAX)
			return ctl_usage(ctl, "'%s' is no mark: a number of 32 bits, decimal or with 0x",
					 mark);
		run->mark = value;
	}
	if (repeat) {
		if (!ctl_parse_number(repeat, &number) || !number ||
		    number > NFLUA_RUN_REPEAT_MAX)
			return ctl_usage(ctl, "'%s' is no number from 1 to %d", repeat,
					 NFLUA_RUN_REPEAT_MAX);
		run->repeat = number;
	}
	return CTL_OK;
}

/* Load a file where nothing else is, and which goes when we do. */
static int load_file(struct ctl *ctl, struct source *source)
{
	struct nflua_script *script = NULL;
	struct nflua_source request;
	int err;

	if (ctl->netns)
		return ctl_usage(ctl, "a file is run in a network namespace of its own, so --netns has no meaning");
	err = submit_prepare(ctl, source, &request);
	if (err)
		return err;
	if (unshare(CLONE_NEWNET)) {
		if (errno == EPERM)
			ctl_error("running a file needs the capability CAP_SYS_ADMIN, to load it in a network namespace of its own");
		else
			ctl_error("cannot make a network namespace: %s", strerror(errno));
		return CTL_REFUSED;
	}
	err = ctl_connect(ctl);
	if (err)
		return err;
	err = nflua_load(ctl->nl, &request, &script);
	if (err)
		return submit_finish(ctl, source, err, NULL);
	submit_output(script->output, script->output_size);
	nflua_script_free(script);
	return CTL_OK;
}

static void put_row(char sign, size_t at, const unsigned char *bytes, size_t size)
{
	size_t i;

	if (at >= size)
		return;
	out_text("    %c %04zx ", sign, at);
	for (i = at; i < size && i < at + ROW; i++)
		out_text(" %02x", bytes[i]);
	out_text("\n");
}

static void put_changes(const struct packet *packet, const unsigned char *now, size_t size)
{
	size_t at, old, new;

	for (at = 0; at < packet->size || at < size; at += ROW) {
		old = packet->size > at ? packet->size - at : 0;
		new = size > at ? size - at : 0;
		old = old < ROW ? old : ROW;
		new = new < ROW ? new : ROW;
		if (old == new && !memcmp(packet->data + at, now + at, old))
			continue;
		put_row('-', at, packet->data, packet->size);
		put_row('+', at, now, size);
	}
}

static void put_data(const char *data, size_t size)
{
	char *hex;
	size_t i;

	hex = data ? malloc(2 * size + 1) : NULL;
	if (!hex) {
		out_null("data", NULL);
		return;
	}
	*hex = 0;
	for (i = 0; i < size; i++)
		sprintf(hex + 2 * i, "%02x", (unsigned char)data[i]);
	out_string("data", NULL, hex);
	free(hex);
}

static void put_result(const struct packet *packet, const struct nflua_run *run,
		       const struct nflua_run_result *result)
{
	const char *text = result->text ? result->text : "";
	const char *rest = strchrnul(text, '\n');
	char *first = strndup(text, rest - text);

	out_text("%lu ", packet->number);
	if (result->by_policy)
		out_text("error %s", nflua_error_name(result->error));
	else
		out_text("%s", nflua_outcome_name(result->outcome));
	if (result->by_policy && first && *first)
		out_string(NULL, ": %s", first);
	free(first);
	if (result->mark != run->mark)
		out_text(", mark 0x%" PRIx32, result->mark);
	if (run->repeat > 1)
		out_text(", %" PRIu32 " calls on CPU %" PRIu32 ", %" PRIu64 " ns each",
			 result->calls, result->cpu, result->time / result->calls);
	if (run->repeat > 1 && result->failed)
		out_text(", %" PRIu32 " failed", result->failed);
	out_text("\n");
	if (result->output_size)
		text_sanitized(stdout, result->output, result->output_size, "    | ");
	/* an earlier call failed, and its message is not told yet */
	if (result->failed && !result->by_policy)
		rest = text;
	rest += *rest == '\n';
	text_sanitized(stdout, rest, strlen(rest), "    ");
	if (result->by_policy)
		out_text("    policy: %s\n", nflua_outcome_name(result->outcome));
	if (result->data)
		put_changes(packet, (const unsigned char *)result->data, result->size);
}

static void put_json(const struct nflua_run_result *result)
{
	out_string("outcome", NULL, nflua_outcome_name(result->outcome));
	out_bool("by_policy", NULL, result->by_policy);
	out_string("kind", NULL, nflua_kind_name(result->kind));
	out_string("entry", NULL, result->entry);
	out_string("family", NULL, nflua_family_name(result->family));
	out_string("hook", NULL, nflua_hook_name(result->family, result->hooknum));
	out_uint("mark", NULL, result->mark);
	out_uint("calls", NULL, result->calls);
	out_uint("failed", NULL, result->failed);
	if (result->failed) {
		out_string("error", NULL, nflua_error_name(result->error));
		out_block("text", NULL, result->text, strlen(result->text));
	} else {
		out_null("error", NULL);
		out_null("text", NULL);
	}
	out_block("output", NULL, result->output ? result->output : "", result->output_size);
	out_uint("time", NULL, result->time);
	out_uint("ns_per_call", NULL, result->time / result->calls);
	out_uint("cpu", NULL, result->cpu);
	put_data(result->data, result->size);
}

static void compare(struct test *test, const struct packet *packet, const char *got)
{
	char line[256];
	const char *want;

	if (!test->has_expected || packet->number > test->expected.count)
		return;
	want = test->expected.words[packet->number - 1];
	out_string("expected", NULL, want);
	if (expected_met(want, got))
		return;
	summary_text(line, sizeof(line), packet);
	ctl_error("packet %lu: expected %s, got %s: %s", packet->number, want, got, line);
	test->differences++;
}

/* Return: %CTL_OK, or another exit code after which no packet makes sense. */
static int run_packet(struct ctl *ctl, struct test *test, const struct packet *packet)
{
	const struct rule_form *form = rule_for(&test->rule, packet);
	struct nflua_run_result result;
	char got[32] = "refused";
	const char *why;
	int err;

	test->run.data = packet->data;
	test->run.size = packet->size;
	test->run.flags = packet->raw ? NFLUA_RUN_F_RAW : 0;
	test->run.rule = form ? form->data : NULL;
	test->run.rule_size = form ? form->size : 0;
	err = form && form->why ? -EPROTO : nflua_run(ctl->nl, &test->run, &result);
	why = form && form->why ? form->why : nflua_message(ctl->nl);
	if (err && ((err != -EPROTO && err != -EFBIG) ||
		    (!test->packets.in && !test->has_expected))) {
		if (form && form->why) {
			ctl_error("--rule: %s", why);
			return CTL_REFUSED;
		}
		ctl_refused(ctl, err, test->name);
		if (err == -ENOTUNIQ)
			ctl_hint("--entry KIND:NAME names one");
		return CTL_REFUSED;
	}
	out_object(NULL);
	out_uint("packet", NULL, packet->number);
	if (err) {
		out_string("outcome", NULL, got);
		out_string("text", NULL, why);
		out_text("%lu refused: ", packet->number);
		out_string(NULL, "%s\n", why);
	} else {
		snprintf(got, sizeof(got), result.by_policy ? "error %s" : "%s",
			 result.by_policy ? nflua_error_name(result.error) :
					    nflua_outcome_name(result.outcome));
		if (out_is_json())
			put_json(&result);
		else
			put_result(packet, &test->run, &result);
		if (result.output_cut)
			ctl_error("packet %lu: what the script printed is cut after %d bytes",
				  packet->number, NFLUA_OUTPUT_MAX);
		if (result.outcome != NFLUA_A_OUTCOME_DROP &&
		    result.outcome != NFLUA_A_OUTCOME_STOLEN)
			packets_write(&test->packets, packet, result.data, result.size);
		nflua_run_free(&result);
	}
	compare(test, packet, got);
	out_object_end();
	return CTL_OK;
}

static int run_packets(struct ctl *ctl, struct test *test)
{
	struct packet packet;
	int got, err = CTL_OK;

	out_list();
	do {
		got = packets_next(&test->packets, &packet);
		if (got > 0)
			err = run_packet(ctl, test, &packet);
		/* Nobody reads the other answers, and main() says so. */
		if (!err && out_flush())
			err = CTL_USAGE;
	} while (got > 0 && !err);
	out_list_end(!err && !got);
	if (err || got < 0)
		return err ? err : CTL_USAGE;
	if (test->has_expected && packet.number - 1 != test->expected.count) {
		ctl_error("%zu answers are expected, and there are %lu packets",
			  test->expected.count, packet.number - 1);
		test->differences++;
	}
	return test->differences ? CTL_USAGE : CTL_OK;
}

/* how a file is loaded */
static const char *const file_options[] = { "name", "single", "memory", "budget" };

static int run(struct ctl *ctl)
{
	const char *operand = ctl->operands[0], *expect = ctl_value(ctl, "expect");
	struct source source = {};
	struct test test = {};
	int err, end;
	size_t i;

	if (!is_file(operand) && !nflua_name_valid(operand))
		return ctl_usage(ctl, "'%s' is no name for a script, and no file: a file has a slash, or ends in .lua",
				 operand);
	for (i = 0; i < sizeof(file_options) / sizeof(file_options[0]); i++)
		if (!is_file(operand) && ctl_value(ctl, file_options[i]))
			return ctl_usage(ctl, "--%s is for a file; a loaded script is as it was loaded",
					 file_options[i]);
	err = take_options(ctl, &test.run);
	if (!err)
		err = packets_open(ctl, &test.packets);
	if (!err && expect) {
		test.has_expected = true;
		err = expected_read(&test.expected, expect);
	}
	if (!err)
		err = is_file(operand) ? load_file(ctl, &source) : ctl_connect(ctl);
	if (!err)
		err = packets_open_out(ctl, &test.packets);
	if (!err) {
		test.name = is_file(operand) ? source.name : operand;
		test.run.script = test.name;
		err = rule_read(ctl, &test.rule, &test.run, &source);
	}
	if (!err)
		err = run_packets(ctl, &test);
	rule_free(&test.rule);
	end = packets_close(&test.packets);
	expected_free(&test.expected);
	source_free(&source);
	return err ? err : end;
}

static const struct ctl_option options[] = {
	{ "entry", 0, "ENTRY", CTL_WORD_NONE,
	  "entry point, as KIND:NAME, NAME or KIND; default: the only one" },
	{ "hex", 0, "DIGITS", CTL_WORD_NONE, "a packet, in hexadecimal digits" },
	{ "file", 0, "FILE", CTL_WORD_FILE, "a packet, the bytes of a file" },
	{ "pcap", 0, "FILE", CTL_WORD_FILE, "the packets of a pcap or pcapng file" },
	{ "raw", 0, NULL, CTL_WORD_NONE, "the packet begins at its IP header, not its Ethernet header" },
	{ "hook", 0, "HOOK", CTL_WORD_HOOK, "where it is met; default: a hook's own place, or input" },
	{ "family", 0, "FAMILY", CTL_WORD_FAMILY,
	  "family of packets that are met; default: a hook's own, or ipv4 and ipv6" },
	{ "iif", 0, "DEVICE", CTL_WORD_DEVICE, "input device; default: eth0 where every packet has one" },
	{ "oif", 0, "DEVICE", CTL_WORD_DEVICE, "output device; default: eth1 where every packet has one" },
	{ "mark", 0, "MARK", CTL_WORD_NONE, "the packet's mark" },
	{ "role", 0, "ROLE", CTL_WORD_ROLE, "what a function serves as: match (default) or target" },
	{ "rule", 0, "OPTIONS", CTL_WORD_NONE,
	  "what a rule gives it: as iptables takes it behind -m NAME or -j NAME" },
	{ "repeat", 0, "N", CTL_WORD_NONE, "call it so often on each packet, and tell the time of a call" },
	{ "expect", 0, "FILE", CTL_WORD_FILE, "compare the answers with the lines of a file" },
	{ "out", 0, "FILE", CTL_WORD_FILE, "write the packets that are not dropped to a pcap file" },
	{ "name", 0, "NAME", CTL_WORD_NONE, "name of a file's script; default: the file's, without .lua" },
	{ "single", 0, NULL, CTL_WORD_NONE, "load a file with one packet state for all CPUs" },
	CALL_LIMITS_OPTIONS,
	{ }
};

static const struct ctl_command run_command = {
	.name = "run",
	.operands = "SCRIPT|FILE|-",
	.word = CTL_WORD_SCRIPT_FILE,
	.min = 1,
	.max = 1,
	.options = options,
	.help = "run a script on packets that you give, off the network",
	.details = "A script is run as it is loaded, without being counted; a file (with a slash, or\n"
		   "ending in .lua, or '-') is loaded for the run only. Each packet is answered by one\n"
		   "line: its number, and accept, drop, continue, match, nomatch, stolen, queue, stop,\n"
		   "'error KIND: TEXT', or refused, for what the kernel itself would have dropped before.\n"
		   "The file of --expect has one such answer a line; exit status 1 says that another one\n"
		   "came.",
	.run = run,
};
CTL_COMMAND(run_command);
