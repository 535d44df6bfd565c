/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Before 6.1 a module cannot charge a memory cgroup other than the task's own:
 * what packets allocate is charged to nobody there. Nor is it with PREEMPT_RT,
 * where one softirq may preempt another inside of its charging scope: both would
 * take the CPU's, and the one that ends last leaves it set.
 */
#ifndef _NFLUA_COMPAT_LINUX_SCHED_MM_H
#define _NFLUA_COMPAT_LINUX_SCHED_MM_H

#include_next <linux/sched/mm.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0) || defined(CONFIG_PREEMPT_RT)
static inline struct mem_cgroup *nflua_set_active_memcg(struct mem_cgroup *memcg)
{
	return memcg;
}
#define set_active_memcg nflua_set_active_memcg
#define NFLUA_CAN_CHARGE	false
#else
#define NFLUA_CAN_CHARGE	IS_ENABLED(CONFIG_MEMCG)
#endif

#endif /* _NFLUA_COMPAT_LINUX_SCHED_MM_H */
