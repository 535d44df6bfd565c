/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_XTABLES_H
#define _NFLUA_XTABLES_H

unsigned int nflua_xtables_verdict(unsigned int outcome);
int nflua_xtables_init(void);
void nflua_xtables_exit(void);

#endif /* _NFLUA_XTABLES_H */
