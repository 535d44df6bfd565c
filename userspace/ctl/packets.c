// SPDX-License-Identifier: GPL-2.0-only
/* Packets from the command line, from a file of bytes, or from a pcap file. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "packets.h"

/* Longest packet that a file may have; what is too long for a run is refused. */
#define OUT_SNAPLEN	65535

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Pairs of digits, with blanks, colons or nothing between them. */
static int take_hex(struct ctl *ctl, struct packets *packets, const char *text)
{
	packets->bytes = malloc(strlen(text) / 2 + 1);
	if (!packets->bytes) {
		ctl_error("no memory for the packet");
		return CTL_USAGE;
	}
	for (; *text; text++) {
		if (isspace((unsigned char)*text) || *text == ':')
			continue;
		if (digit(text[0]) < 0 || digit(text[1]) < 0)
			return ctl_usage(ctl, "'%.8s' does not begin with two hexadecimal digits",
					 text);
		packets->bytes[packets->size++] = digit(text[0]) << 4 | digit(text[1]);
		text++;
	}
	return CTL_OK;
}

static int read_bytes(struct packets *packets, const char *file)
{
	FILE *from = strcmp(file, "-") ? fopen(file, "rbe") : stdin;
	int err = CTL_OK;

	if (!from) {
		ctl_error("cannot open '%s': %s", file, strerror(errno));
		return CTL_USAGE;
	}
	/* One byte more than allowed is asked for, to tell the limit from more. */
	packets->bytes = malloc(NFLUA_RUN_SIZE_MAX + 1);
	if (packets->bytes)
		packets->size = fread(packets->bytes, 1, NFLUA_RUN_SIZE_MAX + 1, from);
	if (!packets->bytes || ferror(from)) {
		ctl_error("cannot read '%s': %s", file, strerror(errno));
		err = CTL_USAGE;
	} else if (packets->size > NFLUA_RUN_SIZE_MAX) {
		ctl_error("%s has more than %d bytes, and a packet may have at most so many",
			  file, NFLUA_RUN_SIZE_MAX);
		err = CTL_USAGE;
	}
	if (from != stdin)
		fclose(from);
	return err;
}

static int open_pcap(struct packets *packets, const char *file)
{
	char why[PCAP_ERRBUF_SIZE];
	const char *name;

	packets->file = file;
	packets->in = pcap_open_offline(file, why);
	if (!packets->in) {
		ctl_error("cannot read packets from '%s': %s", file, why);
		return CTL_USAGE;
	}
	switch (pcap_datalink(packets->in)) {
	case DLT_EN10MB:
		return CTL_OK;
	case DLT_NULL:
	case DLT_LOOP:
		packets->skip = 4;
		break;
	case DLT_LINUX_SLL:
		packets->skip = 16;
		break;
	case DLT_LINUX_SLL2:
		packets->skip = 20;
		break;
	case DLT_RAW:
	case DLT_IPV4:
	case DLT_IPV6:
		break;
	default:
		name = pcap_datalink_val_to_name(pcap_datalink(packets->in));
		ctl_error("%s has packets of link-layer type %s, which a run does not know", file,
			  name ? name : "unknown");
		return CTL_USAGE;
	}
	packets->raw = true;
	return CTL_OK;
}

static bool is_same_file(const char *from, const char *out)
{
	struct stat a, b;

	if (!from || stat(out, &b) || !S_ISREG(b.st_mode))
		return false;
	if (strcmp(from, "-") ? stat(from, &a) : fstat(STDIN_FILENO, &a))
		return false;
	return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static int open_out(struct packets *packets, const char *file)
{
	int type = packets->raw ? DLT_RAW : DLT_EN10MB;

	packets->out_file = file;
	if (packets->in)
		type = pcap_datalink(packets->in);
	packets->dead = pcap_open_dead(type, OUT_SNAPLEN);
	if (packets->dead)
		packets->out = pcap_dump_open(packets->dead, file);
	if (packets->out)
		return CTL_OK;
	ctl_error("cannot write packets to '%s': %s", file,
		  packets->dead ? pcap_geterr(packets->dead) : "no memory");
	return CTL_USAGE;
}

/**
 * packets_open() - get ready to read the packets that the options name
 * @ctl: the run; options hex, file, pcap, raw and out are used
 * @packets: what is opened; packets_close() it whatever is returned
 *
 * Return: %CTL_OK, or another exit code with everything said
 */
int packets_open(struct ctl *ctl, struct packets *packets)
{
	const char *hex = ctl_value(ctl, "hex"), *file = ctl_value(ctl, "file");
	const char *pcap = ctl_value(ctl, "pcap"), *out = ctl_value(ctl, "out");
	const char *from = file ? file : pcap;
	int err;

	memset(packets, 0, sizeof(*packets));
	if (!hex + !file + !pcap != 2)
		return ctl_usage(ctl, hex || from ?
				      "only one of --hex, --file and --pcap may be given" :
				      "one of --hex, --file and --pcap is needed");
	if (from && !strcmp(from, "-") && !strcmp(ctl->operands[0], "-"))
		return ctl_usage(ctl, "standard input cannot be both the script and the packets");
	if (out && !strcmp(out, "-"))
		return ctl_usage(ctl, "--out needs a file, for the answers are on standard output");
	if (out && (is_same_file(from, out) || is_same_file(ctl_value(ctl, "expect"), out) ||
		    is_same_file(ctl->operands[0], out)))
		return ctl_usage(ctl, "'%s' is read, and cannot be the file of --out", out);
	packets->raw = ctl_value(ctl, "raw");
	if (packets->raw && pcap)
		return ctl_usage(ctl, "--raw is for --hex and --file; a pcap file says where its packets begin");
	if (hex)
		err = take_hex(ctl, packets, hex);
	else
		err = file ? read_bytes(packets, file) : open_pcap(packets, pcap);
	return err;
}

/**
 * packets_open_out() - get ready to write the packets that are not dropped
 * @ctl: the run, about to begin: the file that --out names loses what it has
 * @packets: what packets_open() opened
 *
 * Return: %CTL_OK, or another exit code with everything said
 */
int packets_open_out(struct ctl *ctl, struct packets *packets)
{
	const char *out = ctl_value(ctl, "out");

	return out ? open_out(packets, out) : CTL_OK;
}

/**
 * packets_next() - read a packet
 * @packets: where from
 * @packet: the packet
 *
 * Return: 1, 0 after the last one, -1 with everything said if it can't be read
 */
int packets_next(struct packets *packets, struct packet *packet)
{
	struct pcap_pkthdr *header;
	const unsigned char *data;
	int got;

	memset(packet, 0, sizeof(*packet));
	packet->raw = packets->raw;
	packet->number = ++packets->count;
	if (!packets->in) {
		if (packets->count > 1)
			return 0;
		gettimeofday(&packet->header.ts, NULL);
		packet->header.len = packets->size;
		packet->header.caplen = packets->size;
		packet->data = packets->bytes;
		packet->size = packets->size;
		return 1;
	}
	got = pcap_next_ex(packets->in, &header, &data);
	if (got == PCAP_ERROR_BREAK)
		return 0;
	if (got != 1) {
		ctl_error("cannot read packet %lu from '%s': %s", packet->number, packets->file,
			  pcap_geterr(packets->in));
		return -1;
	}
	packet->header = *header;
	packet->skip = packets->skip < header->caplen ? packets->skip : header->caplen;
	packet->data = data + packet->skip;
	packet->size = header->caplen - packet->skip;
	return 1;
}

/**
 * packets_write() - write a packet to the file for what comes out, if there is
 *	one
 * @packets: as opened
 * @packet: the packet as it came
 * @data: the packet as it is now, NULL if it is as it came
 * @size: bytes of @data
 */
void packets_write(struct packets *packets, const struct packet *packet, const void *data,
		   size_t size)
{
	struct pcap_pkthdr header = packet->header;
	unsigned char *bytes;

	if (!packets->out)
		return;
	if (!data) {
		pcap_dump((u_char *)packets->out, &header, packet->data - packet->skip);
		return;
	}
	bytes = malloc(packet->skip + size + 1);
	if (!bytes)
		return;
	memcpy(bytes, packet->data - packet->skip, packet->skip);
	memcpy(bytes + packet->skip, data, size);
	header.caplen = packet->skip + size;
	header.len = header.caplen;
	pcap_dump((u_char *)packets->out, &header, bytes);
	free(bytes);
}

/**
 * packets_close() - end reading and writing
 * @packets: as opened, also by a packets_open() that failed
 *
 * Return: %CTL_OK, or another exit code with everything said
 */
int packets_close(struct packets *packets)
{
	int err = CTL_OK;

	if (packets->out) {
		if (pcap_dump_flush(packets->out) || ferror(pcap_dump_file(packets->out))) {
			ctl_error("cannot write packets to '%s'", packets->out_file);
			err = CTL_USAGE;
		}
		pcap_dump_close(packets->out);
	}
	if (packets->dead)
		pcap_close(packets->dead);
	if (packets->in)
		pcap_close(packets->in);
	free(packets->bytes);
	return err;
}
