// SPDX-License-Identifier: GPL-2.0-only
/* A packet in one line, for whoever looks for it among many. */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <net/ethernet.h>
#include <netinet/in.h>

#include "packets.h"

struct line {
	char *buf;
	size_t size, len;
};

static void add(struct line *line, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(struct line *line, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line->buf + line->len, line->size - line->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		line->len += n;
	if (line->len >= line->size)
		line->len = line->size - 1;
}

static unsigned int be16(const unsigned char *p)
{
	return p[0] << 8 | p[1];
}

static void add_address(struct line *line, int family, const unsigned char *p,
			const unsigned char *port)
{
	char text[INET6_ADDRSTRLEN] = "?";

	inet_ntop(family, p, text, sizeof(text));
	if (port)
		add(line, family == AF_INET6 ? " [%s]:%u" : " %s:%u", text, be16(port));
	else
		add(line, " %s", text);
}

/* @l4: the transport header, NULL if there is none or not its ports */
static void add_flow(struct line *line, int family, unsigned int protocol,
		     const unsigned char *src, const unsigned char *dst, const unsigned char *l4,
		     const unsigned char *end)
{
	static const char *const names[] = {
		[IPPROTO_ICMP] = "icmp", [IPPROTO_TCP] = "tcp", [IPPROTO_UDP] = "udp",
		[IPPROTO_ICMPV6] = "icmp6", [IPPROTO_SCTP] = "sctp",
	};
	const bool ports = protocol == IPPROTO_TCP || protocol == IPPROTO_UDP ||
			   protocol == IPPROTO_SCTP;

	if (!l4 || !ports || end - l4 < 4)
		l4 = NULL;
	if (protocol < sizeof(names) / sizeof(names[0]) && names[protocol])
		add(line, " %s", names[protocol]);
	else
		add(line, " protocol %u", protocol);
	add_address(line, family, src, l4);
	add(line, " >");
	add_address(line, family, dst, l4 ? l4 + 2 : NULL);
}

static void add_ip(struct line *line, const unsigned char *p, const unsigned char *end)
{
	const bool fragment = end - p >= 20 && be16(p + 6) & 0x1fff;

	if (end - p >= 20 && *p >> 4 == 4) {
		add(line, " IPv4");
		add_flow(line, AF_INET, p[9], p + 12, p + 16,
			 fragment || end - p < (*p & 15) * 4 ? NULL : p + (*p & 15) * 4, end);
	} else if (end - p >= 40 && *p >> 4 == 6) {
		add(line, " IPv6");
		add_flow(line, AF_INET6, p[6], p + 8, p + 24, p + 40, end);
	}
}

/**
 * summary_text() - describe a packet
 * @buf: where the line goes
 * @size: bytes of @buf
 * @packet: the packet, which may be anything
 */
void summary_text(char *buf, size_t size, const struct packet *packet)
{
	const unsigned char *p = packet->data, *end = p + packet->size;
	struct line line = { buf, size, 0 };
	unsigned int type = 0;

	add(&line, "%zu bytes", packet->size);
	if (!packet->raw) {
		if (end - p < 14)
			return;
		type = be16(p + 12);
		p += 14;
		while ((type == ETHERTYPE_VLAN || type == 0x88a8) && end - p >= 4) {
			add(&line, " vlan %u", be16(p) & 0xfff);
			type = be16(p + 2);
			p += 4;
		}
		if (type != ETHERTYPE_IP && type != ETHERTYPE_IPV6) {
			add(&line, " type 0x%04x", type);
			return;
		}
	}
	add_ip(&line, p, end);
}
