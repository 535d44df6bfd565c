// SPDX-License-Identifier: GPL-2.0-only
/*
 * What conntrack does in a namespace while scripts need it: track, count, label.
 *
 * A generation takes what its body asked for before packets meet it, and gives it
 * back when it is freed. So a replace leaves no gap, and what is needed by two
 * stays for the second.
 */
#include <linux/netfilter.h>
#include <net/net_namespace.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_acct.h>
#include <net/netfilter/nf_conntrack_labels.h>
#include "conntrack.h"
#include "conntrack_spec.h"
#include "script.h"

/*
 * Accounting is a switch of the namespace's that whoever may sets. The first
 * script that needs it turns it on, and the last gives the switch back as it
 * was, unless somebody has turned it off meanwhile.
 */
static void get_accounting(struct nflua_net *nn)
{
	if (nn->accounting++)
		return;
	nn->accounted = nf_ct_acct_enabled(nn->net);
	nf_ct_set_acct(nn->net, true);
}

static void put_accounting(struct nflua_net *nn)
{
	if (!--nn->accounting && nf_ct_acct_enabled(nn->net))
		nf_ct_set_acct(nn->net, nn->accounted);
}

/**
 * nflua_conntrack_use() - let conntrack do what a generation needs
 * @nn: the namespace, its load_lock held
 * @gen: the generation; @gen->uses says afterwards what it was given
 *
 * Context: process, sleeps
 * Return: 0 or an error of nf_ct_netns_get() or nf_connlabels_get()
 */
int nflua_conntrack_use(struct nflua_net *nn, struct nflua_generation *gen)
{
	int err;

	if (gen->needs & NFLUA_NEED_TRACKING) {
		err = nf_ct_netns_get(nn->net, NFPROTO_INET);
		if (err)
			return err;
		gen->uses |= NFLUA_NEED_TRACKING;
	}
	if (gen->needs & NFLUA_NEED_LABELS) {
		/* all of them: a connection has room for all or none */
		err = nf_connlabels_get(nn->net, XT_CONNLABEL_MAXBIT);
		if (err)
			return err;
		gen->uses |= NFLUA_NEED_LABELS;
	}
	if (gen->needs & NFLUA_NEED_ACCOUNTING) {
		get_accounting(nn);
		gen->uses |= NFLUA_NEED_ACCOUNTING;
	}
	return 0;
}

/**
 * nflua_conntrack_unuse() - undo nflua_conntrack_use(), as far as it came
 * @gen: a generation that is freed; load_lock is held, or the namespace dies
 *
 * Context: process, sleeps
 */
void nflua_conntrack_unuse(struct nflua_generation *gen)
{
	struct net *net = read_pnet(&gen->net);

	if (gen->uses & NFLUA_NEED_ACCOUNTING)
		put_accounting(nflua_net(net));
	if (gen->uses & NFLUA_NEED_LABELS)
		nf_connlabels_put(net);
	if (gen->uses & NFLUA_NEED_TRACKING)
		nf_ct_netns_put(net, NFPROTO_INET);
	gen->uses = 0;
}
