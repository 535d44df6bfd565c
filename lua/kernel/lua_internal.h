/* SPDX-License-Identifier: GPL-2.0-only */
/* Lua's insides, for code that looks at values and tables directly */
#ifndef _LUA_INTERNAL_H
#define _LUA_INTERNAL_H

#include "lua_kernel.h"

#include "lapi.h"
#include "ldebug.h"
#include "ldo.h"
#include "lfunc.h"
#include "lgc.h"
#include "lobject.h"
#include "lstate.h"
#include "lstring.h"
#include "ltable.h"
#include "ltm.h"
#include "lvm.h"

#endif
