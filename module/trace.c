// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tracepoints nflua:call and nflua:error.
 */
#define CREATE_TRACE_POINTS
#include "trace.h"
