// SPDX-License-Identifier: GPL-2.0-only
/* A script and its entry points in text and JSON. */
#include <string.h>

#include <netinet/in.h>

#include <linux/netfilter.h>

#include "ctl.h"
#include "print.h"

static void print_outcomes(const struct nflua_entry *entry)
{
	const char *lead = "    outcomes: ";
	unsigned int i;

	out_object("outcomes");
	for (i = NFLUA_A_OUTCOME_UNSPEC + 1; i < NFLUA_A_OUTCOME_PAD; i++) {
		if (entry->outcomes[i]) {
			out_text("%s%s", lead, nflua_outcome_name(i));
			lead = ", ";
		}
		out_uint(nflua_outcome_name(i), entry->outcomes[i] ? " %s" : NULL,
			 entry->outcomes[i]);
	}
	if (*lead == ',')
		out_text("\n");
	out_object_end();
}

static void print_errors(const struct nflua_entry *entry)
{
	const char *lead = "    errors: ";
	unsigned int i;

	out_object("errors");
	for (i = NFLUA_A_ERROR_UNSPEC + 1; i < NFLUA_A_ERROR_PAD; i++) {
		if (entry->errors[i]) {
			out_text("%s%s", lead, nflua_error_name(i));
			lead = ", ";
		}
		out_uint(nflua_error_name(i), entry->errors[i] ? " %s" : NULL, entry->errors[i]);
	}
	if (*lead == ',')
		out_text("\n");
	out_object_end();
}

static void print_last_error(const struct nflua_entry *entry)
{
	if (!entry->last_error) {
		out_null("last_error", NULL);
		out_null("last_error_time", NULL);
		return;
	}
	out_text("    last error");
	out_time("last_error_time", " (%s)", entry->last_error_time);
	out_text(":\n");
	out_block("last_error", "      ", entry->last_error, strlen(entry->last_error));
}

/* An object, or null; in text one line. */
static void print_time(const struct nflua_time *time)
{
	size_t i;

	if (!time) {
		out_null("time", NULL);
		return;
	}
	out_object("time");
	out_uint("calls", time->calls ? "    time of %s calls: " : NULL, time->calls);
	out_uint("total", NULL, time->total);
	if (!time->calls)
		out_text("    time: no call yet");
	out_rough("mean", time->calls ? "mean %s" : NULL, nflua_time_mean(time));
	out_rough("p50", time->calls ? ", p50 %s" : NULL, nflua_time_percentile(time, 50));
	out_rough("p99", time->calls ? ", p99 %s" : NULL, nflua_time_percentile(time, 99));
	out_rough("max", time->calls ? ", max %s" : NULL, time->longest);
	out_text("\n");
	out_array("buckets");
	for (i = 0; i < time->nbuckets; i++) {
		out_object(NULL);
		out_uint("from", NULL, time->buckets[i].from);
		out_uint("to", NULL, time->buckets[i].to);
		out_uint("calls", NULL, time->buckets[i].calls);
		out_object_end();
	}
	out_array_end();
	out_object_end();
}

/* Where packets meet a hook, if they do; in text what is out of the ordinary. */
static void print_place(const struct nflua_entry *entry)
{
	static const char *const formats[] = {
		[NFLUA_HOOK_HOOKED] = NULL,
		[NFLUA_HOOK_WAITING] = ", %s for the device",
		[NFLUA_HOOK_UNREGISTERED] = ", %s",
	};
	const char *fmt = ", %s";

	if (entry->device)
		out_string("device", NULL, entry->device);
	else
		out_null("device", NULL);
	if (entry->state < 0) {
		out_null("state", NULL);
		return;
	}
	if ((unsigned int)entry->state < sizeof(formats) / sizeof(*formats))
		fmt = formats[entry->state];
	out_string("state", fmt, nflua_hook_state_name(entry->state));
}

/* What rules and connections call is there, or was unregistered. */
static void print_state(const struct nflua_entry *entry)
{
	if (entry->state < 0)
		out_null("state", NULL);
	else
		out_string("state", ", %s", nflua_hook_state_name(entry->state));
}

/**
 * script_print_entry() - write an entry point
 * @entry: the entry point
 * @detail: how much of it
 */
void script_print_entry(const struct nflua_entry *entry, enum script_detail detail)
{
	out_object(NULL);
	out_string("kind", "  %s ", nflua_kind_name(entry->kind));
	out_string("name", "%s", entry->name);
	if (entry->line)
		out_uint("line", ", line %s", entry->line);
	else
		out_null("line", NULL);
	if (entry->kind == NFLUA_ENTRY_HOOK) {
		out_string("family", NULL, nflua_family_name(entry->family));
		out_string("hook", NULL, nflua_hook_name(entry->family, entry->hooknum));
		out_int("priority", NULL, entry->priority);
		print_place(entry);
		out_string("on_error", ", on error %s", nflua_on_error_name(entry->on_error));
	}
	if (entry->kind == NFLUA_ENTRY_HELPER) {
		out_string("family", ", %s", nflua_family_name(entry->family));
		out_string("proto", " %s", entry->proto == IPPROTO_UDP ? "udp" : "tcp");
		print_state(entry);
		out_string("on_error", ", on error %s", nflua_on_error_name(entry->on_error));
	}
	if (entry->kind == NFLUA_ENTRY_MATCH || entry->kind == NFLUA_ENTRY_TARGET)
		print_state(entry);
	if (entry->kind == NFLUA_ENTRY_EXTENSION) {
		out_string("as", ", %s", nflua_kind_name(entry->as));
		out_uint("revision", ", revision %s", entry->revision);
		print_state(entry);
		out_string("on_error", ", on error %s", nflua_on_error_name(entry->on_error));
	}
	if (detail == SCRIPT_ANSWER) {
		out_text("\n");
	} else {
		out_uint("rules", entry->kind == NFLUA_ENTRY_HOOK ||
			 entry->kind == NFLUA_ENTRY_HELPER ? NULL : ", rules %s",
			 entry->rules);
		out_uint("calls", ", calls %s", entry->calls);
		out_text("\n");
		print_outcomes(entry);
		print_errors(entry);
		if (detail == SCRIPT_FULL) {
			print_time(entry->time);
			print_last_error(entry);
		}
	}
	out_object_end();
}

/* One line in text. */
static void print_memory_states(const struct nflua_script *script)
{
	const char *lead = "  memory: ";
	char used[32], peak[32];
	size_t i;

	out_array("memory_states");
	for (i = 0; i < script->nmemory_states; i++) {
		const struct nflua_memory *state = &script->memory_states[i];

		out_object(NULL);
		out_text("%s", lead);
		lead = ", ";
		out_bool("control", NULL, state->control);
		if (state->cpu >= 0) {
			out_int("cpu", "cpu%s", state->cpu);
		} else {
			out_null("cpu", NULL);
			out_text("%s", state->control ? "control" : "all CPUs");
		}
		text_bytes(used, sizeof(used), state->used);
		text_bytes(peak, sizeof(peak), state->peak);
		out_text(" %s (most %s)", used, peak);
		out_uint("memory", NULL, state->used);
		out_uint("peak", NULL, state->peak);
		out_object_end();
	}
	out_array_end();
	out_text("\n");
}

/* One line in text, if there is something to say. */
static void print_dropped(const struct nflua_script *script)
{
	const bool both = script->log_dropped && script->errors_dropped;

	out_uint("log_dropped", script->log_dropped ? "  prints dropped: %s" : NULL,
		 script->log_dropped);
	out_text("%s", both ? "," : script->errors_dropped ? " " : "");
	out_uint("errors_dropped", script->errors_dropped ? " errors not told: %s" : NULL,
		 script->errors_dropped);
	if (script->log_dropped || script->errors_dropped)
		out_text("\n");
}

/* One line in text, if it holds packets or has held them. */
static void print_held(const struct nflua_script *script)
{
	const bool any = script->held || script->forgotten || script->lost;

	out_uint("held", any ? "  packets held: %s" : NULL, script->held);
	out_uint("forgotten", any ? ", forgotten so far: %s" : NULL, script->forgotten);
	out_uint("lost", any ? ", given up: %s\n" : NULL, script->lost);
}

/* The same for what it sent. */
static void print_sent(const struct nflua_script *script)
{
	const bool any = script->sent || script->unsent;

	out_uint("sent", any ? "  packets sent: %s" : NULL, script->sent);
	out_uint("unsent", any ? ", refused: %s\n" : NULL, script->unsent);
}

/* One line in text, if it keeps connections. */
static void print_kept(const struct nflua_script *script)
{
	out_uint("kept", script->kept ? "  connections kept: %s\n" : NULL, script->kept);
}

/* A script that was unloaded by force has rules, and nothing else. */
static void print_stub(const struct nflua_script *script)
{
	out_uint("generation", NULL, 0);
	out_null("loaded", NULL);
	out_bool("single", NULL, false);
	out_bool("suspended", NULL, false);
	out_bool("timing", NULL, false);
	out_null("digest", NULL);
	out_uint("states", NULL, 0);
	out_uint("memory", NULL, 0);
	out_uint("memory_peak", NULL, 0);
	out_null("memory_limit", NULL);
	out_null("budget", NULL);
	out_null("errors_max", NULL);
	out_uint("rules", NULL, script->rules);
	out_uint("calls", NULL, 0);
	out_uint("errors", NULL, 0);
	out_uint("log_dropped", NULL, 0);
	out_uint("errors_dropped", NULL, 0);
	out_uint("held", NULL, 0);
	out_uint("forgotten", NULL, 0);
	out_uint("lost", NULL, 0);
	out_uint("sent", NULL, 0);
	out_uint("unsent", NULL, 0);
	out_uint("kept", NULL, 0);
	out_array("entries");
	out_array_end();
	out_text(", ");
	script_print_stub_rules(script);
	out_text("\n");
}

/**
 * script_print_stub_rules() - say in text that only a script's rules are left
 * @script: a script that was unloaded by force
 */
void script_print_stub_rules(const struct nflua_script *script)
{
	out_text("unloaded by force; %u rule%s their failure policy", script->rules,
		 script->rules == 1 ? " follows" : "s follow");
}

/**
 * script_print() - write a script with its entry points
 * @script: the script
 * @detail: how much of it
 */
void script_print(const struct nflua_script *script, enum script_detail detail)
{
	const bool single = script->flags & NFLUA_SCRIPT_F_SINGLE;
	size_t i;

	out_object(NULL);
	out_string("name", "%s", script->name);
	if (!script->generation) {
		print_stub(script);
		out_object_end();
		return;
	}
	out_uint("generation", ", generation %s", script->generation);
	out_time("loaded", ", loaded %s", script->loaded);
	out_bool("single", single ? ", one state for all CPUs" : NULL, single);
	out_bool("suspended", script->suspended ? ", suspended" : NULL, script->suspended);
	out_bool("timing", script->timing ? ", timing" : NULL, script->timing);
	out_text("\n");
	out_uint("states", "  states %s", script->states);
	out_bytes("memory", ", memory %s", script->memory);
	out_bytes("memory_peak", " (most of one state %s)", script->memory_peak);
	if (detail != SCRIPT_ANSWER) {
		out_uint("rules", ", rules %s", script->rules);
		out_uint("calls", ", calls %s", nflua_script_calls(script));
		out_uint("errors", ", errors %s", nflua_script_errors(script));
	}
	out_text("\n  limits: ");
	limits_print(&script->limits);
	out_text("\n");
	if (detail == SCRIPT_FULL)
		print_memory_states(script);
	out_hex("digest", detail == SCRIPT_FULL ? "  sha256: %s\n" : NULL, script->digest,
		sizeof(script->digest));
	if (detail != SCRIPT_ANSWER) {
		print_dropped(script);
		print_held(script);
		print_sent(script);
		print_kept(script);
	}
	out_array("entries");
	for (i = 0; i < script->nentries; i++)
		script_print_entry(&script->entries[i], detail);
	out_array_end();
	if (detail == SCRIPT_ANSWER)
		out_block("output", NULL, script->output ? script->output : "",
			  script->output_size);
	out_object_end();
}
