// SPDX-License-Identifier: GPL-2.0-only
/* What goes to standard error: sentences, hints, and a script's errors. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "print.h"

/* LUA_IDSIZE of the dialect, without the NUL. */
#define CHUNK_NAME_MAX	59

static void say(const char *head, const char *fmt, va_list ap)
{
	char *text;

	if (vasprintf(&text, fmt, ap) < 0)
		return;
	/* What the program wrote before must not come after the complaint. */
	fflush(stdout);
	fputs(head, stderr);
	text_sanitized(stderr, text, strlen(text), "");
	free(text);
}

/**
 * ctl_error() - say what went wrong
 * @fmt: the sentence, without a full stop or a line break
 */
void ctl_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("nfluactl: ", fmt, ap);
	va_end(ap);
}

/**
 * ctl_hint() - say what helps, behind an error or where one is to be feared
 * @fmt: the sentence, without a full stop or a line break
 */
void ctl_hint(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("  hint: ", fmt, ap);
	va_end(ap);
}

/**
 * ctl_usage() - say what is wrong with the command line
 * @ctl: the run
 * @fmt: the sentence
 *
 * Return: %CTL_USAGE
 */
int ctl_usage(const struct ctl *ctl, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("nfluactl: ", fmt, ap);
	va_end(ap);
	if (ctl->command)
		ctl_hint("'nfluactl help %s' explains the command", ctl->command->name);
	else
		ctl_hint("'nfluactl help' lists commands and options");
	return CTL_USAGE;
}

static int enter_netns(const char *netns)
{
	int err = nflua_netns_enter(netns);

	switch (err) {
	case 0:
		return CTL_OK;
	case -ENOENT:
		ctl_error("there is no network namespace '%s'", netns);
		ctl_hint("'ip netns list' shows the names");
		break;
	case -ESRCH:
		ctl_error("there is no network namespace '%s', nor a process of this number",
			  netns);
		break;
	case -EPERM:
		ctl_error("entering network namespace '%s' needs the capability CAP_SYS_ADMIN",
			  netns);
		return CTL_REFUSED;
	case -EACCES:
		ctl_error("network namespace '%s' may not be entered: permission denied", netns);
		return CTL_REFUSED;
	case -EINVAL:
		ctl_error("'%s' is no network namespace", netns);
		break;
	default:
		ctl_error("cannot enter network namespace '%s': %s", netns, strerror(-err));
		break;
	}
	return CTL_USAGE;
}

/**
 * ctl_connect_or_not() - as ctl_connect(), but a missing module is no error
 * @ctl: the run
 *
 * Return: %CTL_OK, %CTL_NO_MODULE with nothing said, or another exit code with
 *	everything said
 */
int ctl_connect_or_not(struct ctl *ctl)
{
	int err;

	if (ctl->netns) {
		err = enter_netns(ctl->netns);
		if (err)
			return err;
	}
	err = nflua_open(&ctl->nl);
	switch (err) {
	case 0:
		return CTL_OK;
	case -ENOENT:
	case -EPROTONOSUPPORT:
	case -EAFNOSUPPORT:
		return CTL_NO_MODULE;
	default:
		ctl_error("cannot talk to the kernel: %s", strerror(-err));
		return CTL_REFUSED;
	}
}

/**
 * ctl_connect() - enter the namespace that was asked for, and open the family
 * @ctl: the run
 *
 * Return: %CTL_OK, or another exit code with everything said
 */
int ctl_connect(struct ctl *ctl)
{
	int err = ctl_connect_or_not(ctl);

	if (err == CTL_NO_MODULE) {
		ctl_error("the kernel module nflua is not loaded, and the kernel could not load it");
		ctl_hint("'modprobe nflua' says why; 'make install' or 'make dkms-install' puts the module in place");
	}
	return err;
}

/* The kernel may begin with the script's name, which is said already. */
static const char *skip_name(const char *sentence, const char *name)
{
	size_t len = strlen(name);

	if (!strncmp(sentence, name, len) && !strncmp(sentence + len, ": ", 2))
		return sentence + len + 2;
	return sentence;
}

/**
 * ctl_refused() - say why the kernel refused what the command asked for
 * @ctl: the run, with the connection that failed
 * @err: negative errno
 * @name: the script or map that the command is about, or NULL
 *
 * Return: %CTL_REFUSED
 */
int ctl_refused(struct ctl *ctl, int err, const char *name)
{
	const char *sentence = nflua_kernel_message(ctl->nl);
	const struct ctl_command *command = ctl->command;
	const char *verb = command->verb ? command->verb : command->name;

	if (sentence)
		ctl_error("cannot %s%s%s: %s", verb, name ? " " : "", name ? name : "",
			  name ? skip_name(sentence, name) : sentence);
	else if (err == -EPERM)
		ctl_error("'nfluactl %s' needs the capability CAP_NET_ADMIN in the network namespace",
			  command->name);
	else
		ctl_error("cannot %s%s%s: %s", verb, name ? " " : "", name ? name : "",
			  nflua_message(ctl->nl));
	if (err == -EEXIST && !strcmp(command->name, "load"))
		ctl_hint("'nfluactl replace' gives a loaded script a new source");
	else if (err == -EBUSY && !strcmp(command->name, "unload"))
		ctl_hint("'iptables-save' and 'ip6tables-save' show the rules; --force leaves them to their failure policy");
	return CTL_REFUSED;
}

/*
 * Lua's messages begin with the script's name, of which they keep the first
 * CHUNK_NAME_MAX bytes. Return: the length of that, 0 if @line begins otherwise.
 */
static size_t chunk_prefix(const char *line, const char *name)
{
	size_t len = strnlen(name, CHUNK_NAME_MAX);

	if (strncmp(line, name, len) || line[len] != ':' ||
	    !isdigit((unsigned char)line[len + 1]))
		return 0;
	return len;
}

/* Write @text with the file's name wherever a line begins with the script's. */
static void put_lines(const struct source *source, const char *text)
{
	size_t len, prefix, blanks;
	char *line;

	while (*text) {
		len = strcspn(text, "\n");
		blanks = strspn(text, " \t");
		prefix = blanks <= len ? chunk_prefix(text + blanks, source->name) : 0;
		if (prefix && asprintf(&line, "%.*s%s%.*s", (int)blanks, text, source->file,
				       (int)(len - blanks - prefix),
				       text + blanks + prefix) >= 0) {
			text_sanitized(stderr, line, strlen(line), "");
			free(line);
		} else {
			line = strndup(text, len);
			if (line)
				text_sanitized(stderr, line, strlen(line), "");
			free(line);
		}
		text += len;
		text += *text == '\n';
	}
}

/* A traceback of the C functions that load a script tells nobody anything. */
static bool has_news(const char *traceback)
{
	static const char head[] = "stack traceback:\n", dull[] = "\t[C]: in ";

	if (strncmp(traceback, head, strlen(head)))
		return *traceback != 0;
	for (traceback += strlen(head); *traceback; traceback += *traceback == '\n') {
		if (strncmp(traceback, dull, strlen(dull)))
			return true;
		traceback += strcspn(traceback, "\n");
	}
	return false;
}

/**
 * ctl_script_error() - show an error of a script as compilers do
 * @source: the script
 * @text: Lua's message, perhaps with a traceback on the next lines
 */
void ctl_script_error(const struct source *source, const char *text)
{
	size_t prefix = chunk_prefix(text, source->name);
	const char *rest = strchrnul(text, '\n');
	static const char no_memory[] = "not enough memory";
	const char *message;
	char *first;

	fflush(stdout);
	first = strndup(text, rest - text);
	if (!first)
		return;
	if (prefix) {
		put_lines(source, first);
		caret_show(source, strtoul(text + prefix + 1, NULL, 10), first);
	} else {
		message = skip_name(first, source->name);
		ctl_error("%s: %s", source->file, message);
		if (!strncmp(message, no_memory, strlen(no_memory)))
			ctl_hint("--memory sets the limit of a state");
	}
	free(first);
	rest += *rest == '\n';
	if (has_news(rest))
		put_lines(source, rest);
}
