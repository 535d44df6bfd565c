/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Output in text and in JSON from one call. Each out_*() takes the key for
 * JSON and the format for text, which has one %s; a NULL key leaves JSON
 * without the value, a NULL format leaves text without it.
 */
#ifndef _NFLUACTL_PRINT_H
#define _NFLUACTL_PRINT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

void out_begin(bool json, bool pretty);
int out_end(void);
void out_line(void);
int out_flush(void);
void out_drop(void);
void out_broken(int err);
bool out_is_json(void);

void out_array(const char *key);
void out_array_end(void);
void out_list(void);
void out_list_end(bool good);
void out_object(const char *key);
void out_object_end(void);

void out_string(const char *key, const char *fmt, const char *value);
void out_element(const char *value);
void out_data(const char *key, const char *fmt, const char *value, size_t size);
void out_uint(const char *key, const char *fmt, uint64_t value);
void out_int(const char *key, const char *fmt, int64_t value);
void out_bool(const char *key, const char *fmt, bool value);
void out_bytes(const char *key, const char *fmt, uint64_t bytes);
void out_duration(const char *key, const char *fmt, uint64_t ns);
void out_rough(const char *key, const char *fmt, uint64_t ns);
void out_hex(const char *key, const char *fmt, const uint8_t *bytes, size_t size);
void out_time(const char *key, const char *fmt, uint64_t seconds);
void out_moment(const char *key, const char *fmt, const struct timespec *when);
void out_null(const char *key, const char *fmt);
void out_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void out_block(const char *key, const char *indent, const char *value, size_t size);
void out_lines(const char *key, const char *indent, const char *value, size_t size);

unsigned int text_utf8(const char *p);
bool text_steers(const char *p);
void text_sanitized(FILE *to, const char *text, size_t size, const char *indent);
void text_bytes(char *buf, size_t size, uint64_t bytes);

#endif /* _NFLUACTL_PRINT_H */
