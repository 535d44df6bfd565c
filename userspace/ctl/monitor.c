// SPDX-License-Identifier: GPL-2.0-only
/*
 * nfluactl monitor: what the scripts of the namespace tell, as it comes: that
 * they came and went, what they print, and where they fail.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl.h"
#include "print.h"

/* Messages between two looks at signals, time and standard output. */
#define BATCH	64

/**
 * struct watch - a monitor that runs
 * @nl: connection
 * @left: messages to show before it ends
 * @overruns: how often messages were lost
 * @lost: how many, as far as was told
 * @losing: there may be more to tell, since @told
 * @told: when it was told last, nanoseconds of CLOCK_MONOTONIC
 */
struct watch {
	struct nflua *nl;
	uint64_t left;
	uint64_t overruns;
	uint32_t lost;
	bool losing;
	int64_t told;
};

/* What became of a turn. */
enum turn {
	TURN_MORE,	/* there may be more to read now */
	TURN_IDLE,	/* everything was read */
	TURN_END,
	TURN_GONE,	/* the module is */
	TURN_FAILED,	/* with everything said */
};

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static void show_event(const struct nflua_message *message)
{
	out_string("event", " %s", nflua_event_name(message->event));
	out_uint("generation", ", generation %s", message->generation);
	if (message->size) {
		out_text(": ");
		out_lines("text", "    ", message->text, message->size);
	} else {
		out_text("\n");
	}
}

static void show_log(const struct nflua_message *message)
{
	if (message->size)
		out_text(" ");
	out_lines("text", "    ", message->text, message->size);
}

static void show_error(const struct nflua_message *message)
{
	out_string("entry_kind", " %s", nflua_kind_name(message->kind));
	out_string("entry", " %s: ", message->entry);
	out_lines("text", "    ", message->text, message->size);
}

/* What came with a message but stands on a line of its own, before it. */
static void show_dropped(const struct nflua_message *message)
{
	out_object(NULL);
	out_moment("time", "%s", &message->time);
	out_string("script", " %s", message->script);
	if (message->cpu < 0) {
		out_null("cpu", NULL);
		out_text(" control");
	} else {
		out_int("cpu", " cpu%s", message->cpu);
	}
	out_string("kind", " %s", "dropped");
	out_string("group", NULL, nflua_group_name(message->group));
	out_uint("messages", " %s", message->dropped);
	out_text(" message%s of the group %s\n", message->dropped == 1 ? "" : "s",
		 nflua_group_name(message->group));
	out_object_end();
	out_line();
}

static void show(const struct nflua_message *message)
{
	static const struct {
		enum nflua_group group;
		const char *kind;
		const char *stateless;	/* in place of the CPU */
		void (*show)(const struct nflua_message *message);
	} kinds[] = {
		{ NFLUA_GROUP_EVENTS, "event", "-", show_event },
		{ NFLUA_GROUP_LOG, "log", "control", show_log },
		{ NFLUA_GROUP_ERRORS, "error", "control", show_error },
	};
	unsigned int i;

	for (i = 0; kinds[i].group != message->group; i++)
		;
	if (message->dropped)
		show_dropped(message);
	out_object(NULL);
	out_moment("time", "%s", &message->time);
	out_string("script", " %s", message->script);
	if (message->cpu < 0) {
		out_null("cpu", NULL);
		out_text(" %s", kinds[i].stateless);
	} else {
		out_int("cpu", " cpu%s", message->cpu);
	}
	out_string("kind", " %s", kinds[i].kind);
	kinds[i].show(message);
	out_object_end();
	out_line();
}

/* Says what was lost since it was said last, if anything. */
static void tell_lost(struct watch *watch)
{
	uint32_t lost = nflua_lost(watch->nl);
	uint32_t news = lost - watch->lost;
	struct timespec when;

	watch->told = now();
	if (!news)
		return;
	ctl_error("%" PRIu32 " message%s lost, which came faster than they were read (%" PRIu32
		  " in all, %" PRIu64 " time%s)", news, news == 1 ? " was" : "s were", lost,
		  watch->overruns, watch->overruns == 1 ? "" : "s");
	if (!watch->lost)
		ctl_hint("--buffer gives them more room");
	watch->lost = lost;
	if (!out_is_json())
		return;
	clock_gettime(CLOCK_REALTIME, &when);
	out_object(NULL);
	out_moment("time", NULL, &when);
	out_string("kind", NULL, "lost");
	out_uint("messages", NULL, news);
	out_object_end();
	out_line();
}

/* Shows what there is, but not for too long. */
static enum turn take(struct watch *watch)
{
	struct nflua_message message;
	unsigned int i;
	int err;

	for (i = 0; i < BATCH; i++) {
		err = nflua_receive(watch->nl, &message);
		switch (err) {
		case 1:
			show(&message);
			if (!--watch->left)
				return TURN_END;
			break;
		case 0:
			return TURN_IDLE;
		case -ENOBUFS:
			watch->overruns++;
			watch->losing = true;
			break;
		case -ENODEV:
			return TURN_GONE;
		default:
			ctl_error("%s", nflua_message(watch->nl));
			return TURN_FAILED;
		}
	}
	return TURN_MORE;
}

static volatile sig_atomic_t stopped;

/*
 * A signal that comes right before output is written does not end the waiting
 * for who reads it: another one does.
 */
static void stop(int number)
{
	(void)number;
	stopped = 1;
	alarm(1);
}

/*
 * SIGINT, SIGTERM and the end of its time end the program in an orderly way, also
 * one that waits for who reads its output. @set becomes these signals.
 */
static void take_signals(sigset_t *set)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGALRM };
	struct sigaction action = { .sa_handler = stop };
	unsigned int i;

	sigemptyset(set);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		sigaddset(set, signals[i]);
		sigaction(signals[i], &action, NULL);
	}
	sigprocmask(SIG_UNBLOCK, set, NULL);
}

/* Waits without missing a signal. Return: as poll() */
static int wait_for(struct pollfd *fds, unsigned int n, const sigset_t *set, bool more)
{
	static const struct timespec no_time;
	sigset_t before;
	int err;

	sigprocmask(SIG_BLOCK, set, &before);
	err = stopped ? 0 : ppoll(fds, n, more ? &no_time : NULL, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return err;
}

/* Return: &enum ctl_exit */
static int listen_on(struct watch *watch, const sigset_t *set)
{
	struct pollfd fds[] = {
		{ .fd = nflua_fd(watch->nl), .events = POLLIN },
		/* only to learn that a pipe's reader has gone */
		{ .fd = STDOUT_FILENO },
	};
	enum turn turn;

	for (;;) {
		turn = take(watch);
		if (watch->losing && (turn != TURN_MORE ||
				      now() - watch->told >= INT64_C(1000000000))) {
			tell_lost(watch);
			watch->losing = turn == TURN_MORE;
		}
		if (out_flush() && !stopped)
			return CTL_USAGE;
		if (stopped) {
			out_drop();
			return CTL_OK;
		}
		if (turn == TURN_GONE) {
			ctl_error("%s", nflua_message(watch->nl));
			return CTL_NO_MODULE;
		}
		if (turn == TURN_FAILED)
			return CTL_REFUSED;
		if (turn == TURN_END)
			return CTL_OK;
		if (wait_for(fds, sizeof(fds) / sizeof(fds[0]), set, turn == TURN_MORE) < 0 &&
		    errno != EINTR) {
			ctl_error("cannot wait for messages: %s", strerror(errno));
			return CTL_REFUSED;
		}
		if (fds[1].revents & (POLLERR | POLLHUP | POLLNVAL)) {
			out_broken(-EPIPE);
			return CTL_USAGE;
		}
	}
}

/* Return: whether the option is right, or absent. */
static bool get_number(const struct ctl *ctl, const char *option, uint64_t *number)
{
	const char *text = ctl_value(ctl, option);

	return !text || (ctl_parse_number(text, number) && *number);
}

static int run(struct ctl *ctl)
{
	uint64_t count = UINT64_MAX, seconds = 0, buffer = 0;
	const char *size = ctl_value(ctl, "buffer");
	struct watch watch = {};
	unsigned int groups = 0, group, i;
	sigset_t signals;
	int err;

	for (i = 0; i < ctl->noperands; i++) {
		group = nflua_group_find(ctl->operands[i]);
		if (!group)
			return ctl_usage(ctl, "there is no group '%s', only events, log and errors",
					 ctl->operands[i]);
		groups |= group;
	}
	if (!get_number(ctl, "count", &count))
		return ctl_usage(ctl, "'%s' is no number of messages", ctl_value(ctl, "count"));
	if (!get_number(ctl, "timeout", &seconds) || seconds > INT32_MAX)
		return ctl_usage(ctl, "'%s' is no number of seconds", ctl_value(ctl, "timeout"));
	if (size && (!ctl_parse_size(size, &buffer) || !buffer))
		return ctl_usage(ctl, "'%s' is no size: give bytes, or a number with K, M or G",
				 size);
	err = ctl_connect(ctl);
	if (err)
		return err;
	err = nflua_subscribe(ctl->nl, groups ? groups : NFLUA_GROUP_ALL, buffer);
	if (err)
		return ctl_refused(ctl, err, NULL);
	take_signals(&signals);
	watch.nl = ctl->nl;
	watch.left = count;
	alarm(seconds);
	return listen_on(&watch, &signals);
}

static const struct ctl_option monitor_options[] = {
	{ "count", 0, "N", CTL_WORD_NONE, "end after N messages" },
	{ "timeout", 0, "SECONDS", CTL_WORD_NONE, "end after so much time" },
	{ "buffer", 0, "SIZE", CTL_WORD_NONE, "room for messages that wait to be read; default 4M" },
	{ }
};

static const struct ctl_command monitor = {
	.name = "monitor",
	.operands = "[GROUP]...",
	.word = CTL_WORD_GROUP,
	.max = 3,
	.options = monitor_options,
	.help = "show what scripts tell, as it comes",
	.details = "The groups are events (a script came, changed, went), log (what scripts print) and\n"
		   "errors (with traceback); default: all. A line has time, script, CPU, kind and text;\n"
		   "-j writes one object a line. Ctrl-C ends it.",
	.run = run,
};
CTL_COMMAND(monitor);
