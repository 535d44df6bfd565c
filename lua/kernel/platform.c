// SPDX-License-Identifier: GPL-2.0-only
/* randomness and the scheduler for Lua in the kernel */
#include <linux/cache.h>
#include <linux/once.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/siphash.h>

#include "lua_kernel.h"

unsigned int lua_seed;

void luai_resched(void)
{
	cond_resched();
}

unsigned long long luai_random64(void)
{
	return get_random_u64();
}

unsigned int luai_seed(void)
{
	return lua_seed ? lua_seed : (unsigned int)get_random_u64();
}

unsigned long long luai_pointerid(const void *p)
{
	static siphash_key_t key __read_mostly;

	get_random_once(&key, sizeof(key));
	/* 14 digits, as many as stock Lua prints */
	return siphash_1u64((unsigned long)p, &key) >> 8;
}
