// SPDX-License-Identifier: GPL-2.0-only
/*
 * nflua: Lua scripts that filter packets.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include "extension.h"
#include "genl.h"
#include "held.h"
#include "helper.h"
#include "script.h"
#include "send.h"
#include "upload.h"
#include "version.h"
#include "xtables.h"
#include "lua/kernel/lua_kernel.h"

module_param(lua_seed, uint, 0444);
MODULE_PARM_DESC(lua_seed,
		 "Seed of string hashes in all states, for measurements; 0: random (default)");

static int __init nflua_init(void)
{
	int err;

	if (!lua_seed) {
		luai_inthash = luai_random64() | 1;
		luai_ptrhash[0] = luai_random64();
		luai_ptrhash[1] = luai_random64() | 1;
	}

	err = nflua_generation_init();
	if (err)
		return err;
	err = nflua_send_init();
	if (err)
		goto exit_generation;
	err = nflua_net_init();
	if (err)
		goto exit_send;
	err = nflua_held_init();
	if (err)
		goto exit_net;
	err = nflua_upload_init();
	if (err)
		goto exit_held;
	err = nflua_xtables_init();
	if (err)
		goto exit_upload;
	err = nflua_genl_init();
	if (err)
		goto exit_xtables;
	return 0;

exit_xtables:
	nflua_xtables_exit();
exit_upload:
	nflua_upload_exit();
exit_held:
	nflua_held_exit();
exit_net:
	nflua_net_exit();
exit_send:
	nflua_send_exit();
exit_generation:
	nflua_generation_exit();
	return err;
}

static void __exit nflua_exit(void)
{
	nflua_genl_exit();
	nflua_xtables_exit();
	nflua_upload_exit();
	nflua_held_exit();
	/* No rule is left, but connections may be, in all namespaces. */
	nflua_registrations_close();
	nflua_net_exit();
	nflua_registrations_free();
	nflua_extension_exit();
	nflua_send_exit();
	nflua_generation_exit();
	/* For packets that were given up. kfree_rcu() needs no code of ours. */
	rcu_barrier();
}

module_init(nflua_init);
module_exit(nflua_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Lua scripts that filter packets");
MODULE_VERSION(NFLUA_VERSION);
