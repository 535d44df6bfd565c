/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the module's files that nfluactl shares take from the kernel, included
 * before them. Kernel headers that user space has none of are empty there (see
 * userspace/Makefile); what is named here is all that is used of them.
 */
#ifndef _NFLUA_STUBS_KERNEL_H
#define _NFLUA_STUBS_KERNEL_H

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/types.h>
#include <linux/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long long u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef long long s64;

#define U8_MAX		UINT8_MAX
#define S16_MAX		INT16_MAX
#define U16_MAX		UINT16_MAX
#define U32_MAX		UINT32_MAX
#define S64_MAX		INT64_MAX
#define S64_MIN		INT64_MIN
#define MAX_ERRNO	4095
#define U64_MAX		((u64)~0ULL)
#define NSEC_PER_USEC	1000L
#define NSEC_PER_MSEC	1000000L
#define NSEC_PER_SEC	1000000000L
#define BIT_ULL(_n)	(1ULL << (_n))
#define ARRAY_SIZE(_a)	(sizeof(_a) / sizeof((_a)[0]))

/* A kernel with all families of hooks */
#define CONFIG_NETFILTER_FAMILY_ARP	1
#define CONFIG_NETFILTER_FAMILY_BRIDGE	1
#define CONFIG_NETFILTER_INGRESS	1
#define CONFIG_NETFILTER_EGRESS		1

#define likely(_x)	__builtin_expect(!!(_x), 1)
#define unlikely(_x)	__builtin_expect(!!(_x), 0)
#define READ_ONCE(_x)	(_x)
#define WRITE_ONCE(_x, _value)	((_x) = (_value))
#define IS_ENABLED(_option)	0
#define container_of(_p, _type, _member) \
	((_type *)(void *)((char *)(_p) - offsetof(_type, _member)))
#define struct_size(_p, _member, _n) \
	(sizeof(*(_p)) + (_n) * sizeof((_p)->_member[0]))
#define clamp(_v, _lo, _hi)	((_v) < (_lo) ? (_lo) : (_v) > (_hi) ? (_hi) : (_v))
#define min(_a, _b)	((_a) < (_b) ? (_a) : (_b))
#define min_t(_type, _a, _b)	((_type)(_a) < (_type)(_b) ? (_type)(_a) : (_type)(_b))

/* Members of structures that nothing here looks at. */
typedef int atomic_t, atomic_long_t, gfp_t, spinlock_t, refcount_t, wait_queue_head_t;
typedef int possible_net_t;
typedef s64 time64_t;
struct kref { int none; };
struct list_head { int none; };
struct hlist_node { int none; };
struct ida { int none; };
struct mutex { int none; };
struct ratelimit_state { int none; };
struct rcu_head { int none; };
struct nf_hook_ops { int none; };
struct notifier_block { int none; };
struct work_struct { int none; };
struct netlink_ext_ack;
struct nf_hook_state;
struct sk_buff;
#define __printf(_format, _first)	__attribute__((format(printf, _format, _first)))
#define __percpu
#define __aligned(_n)	__attribute__((aligned(_n)))
#define __rcu

/* Of packet states; no packet comes here. */
#define THREAD_SIZE		(16UL << 10)
#define current			NULL
#define BUILD_BUG_ON(_cond)	_Static_assert(!(_cond), #_cond)
#define task_stack_page(_task)	((void)(_task), NULL)
#define gfpflags_allow_blocking(_gfp)	((_gfp) == 0)
#define spin_lock(_lock)	((void)(_lock))
#define spin_unlock(_lock)	((void)(_lock))

#define GFP_KERNEL_ACCOUNT	0
#define __GFP_NOWARN		0
#define kvmalloc(_size, _gfp)	malloc(_size)

#define sort(_base, _n, _size, _cmp, _swap)	qsort(_base, _n, _size, _cmp)

#define timespec64		timespec
#define ktime_get_real_ts64(_ts)	((void)clock_gettime(CLOCK_REALTIME, _ts))

/* kernel.c */
u64 ktime_get_ns(void);
ssize_t strscpy(char *to, const char *from, size_t size);
int kstrtouint(const char *s, unsigned int base, unsigned int *number);
int kstrtou8(const char *s, unsigned int base, u8 *number);
int in4_pton(const char *src, int srclen, u8 *dst, int delim, const char **end);
int in6_pton(const char *src, int srclen, u8 *dst, int delim, const char **end);
void ipv6_addr_prefix(struct in6_addr *prefix, const struct in6_addr *addr, int plen);
bool ipv6_prefix_equal(const struct in6_addr *a, const struct in6_addr *b, unsigned int plen);
bool mac_pton(const char *s, u8 *mac);
void *memchr_inv(const void *p, int c, size_t size);
int scnprintf(char *buf, size_t size, const char *fmt, ...);

#endif /* _NFLUA_STUBS_KERNEL_H */
