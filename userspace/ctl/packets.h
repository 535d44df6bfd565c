/* SPDX-License-Identifier: GPL-2.0-only */
/* The packets of nfluactl run: where they come from, go to, and look like. */
#ifndef _NFLUACTL_PACKETS_H
#define _NFLUACTL_PACKETS_H

#include <stdbool.h>
#include <stddef.h>

#include <pcap/pcap.h>

#include "ctl.h"

/**
 * struct packet - one packet
 * @number: 1 for the first
 * @data: its bytes, good until the next is read
 * @size: number of bytes
 * @raw: they begin at the network header, not at an Ethernet header
 * @header: what the file says of it
 * @skip: bytes before @data that the file has, and which are no Ethernet header
 */
struct packet {
	unsigned long number;
	const unsigned char *data;
	size_t size;
	bool raw;
	struct pcap_pkthdr header;
	size_t skip;
};

/**
 * struct packets - a source of packets, and perhaps a file for what comes out
 * @file: name of the file they come from, or NULL
 * @in: a file with packets, or NULL: there is one packet
 * @bytes: that one
 * @size: its length
 * @raw: packets begin at the network header
 * @skip: bytes before each packet
 * @count: packets that were read
 * @out_file: name of the file for what comes out
 * @dead: what describes it
 * @out: the file, or NULL
 */
struct packets {
	const char *file;
	pcap_t *in;
	unsigned char *bytes;
	size_t size;
	bool raw;
	size_t skip;
	unsigned long count;
	const char *out_file;
	pcap_t *dead;
	pcap_dumper_t *out;
};

/* packets.c */
int packets_open(struct ctl *ctl, struct packets *packets);
int packets_open_out(struct ctl *ctl, struct packets *packets);
int packets_next(struct packets *packets, struct packet *packet);
void packets_write(struct packets *packets, const struct packet *packet, const void *data,
		   size_t size);
int packets_close(struct packets *packets);

/* summary.c */
void summary_text(char *buf, size_t size, const struct packet *packet);

/* expect.c */

/**
 * struct expected - the answers that a file expects
 * @words: one for each packet
 * @count: number of them
 */
struct expected {
	char **words;
	size_t count;
};

int expected_read(struct expected *expected, const char *file);
bool expected_met(const char *expected, const char *got);
void expected_free(struct expected *expected);

#endif /* _NFLUACTL_PACKETS_H */
