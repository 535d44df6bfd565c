// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts what a packet costs at a netfilter hook, on average and each by itself.
 *
 * One UDP packet is built and handed again and again to the hook LOCAL_OUT of
 * the writer's namespace by nf_hook(), the inline function that ip_local_out()
 * and the like use. So all of the kernel's own path to the hook's users is in
 * the figure, and nothing of routing or of a device. Where the hook has no
 * user, the same loop gives the cost of an unused hook, which is to be
 * subtracted.
 *
 * Time is read from the TSC, which under QEMU's "-icount shift=0" goes one
 * step an executed instruction. Bottom halves are off, as they are for a
 * packet. The calls are made in batches, and the median of the batches is
 * reported: a timer interrupt falls into few of them, while what happens
 * every some calls, like a step of a garbage collector, is in all.
 *
 *	/sys/module/nflua_bench/parameters/run	write: the packet's UDP
 *		destination port, and "alone" for a packet that may be written
 *		to, and not dropped; read: TSC steps of a batch of CALLS packets
 *	/sys/module/nflua_bench/parameters/each	write: port, number of packets,
 *		and "quiet" to keep interrupts out; read: of so many packets,
 *		each timed by itself with the kernel's clock, how many were
 *		dropped, and the least, median, 99.99th percentile and greatest
 *		number of nanoseconds
 *	/sys/module/nflua_bench/parameters/hook	empty or port: registers a hook
 *		in C, which accepts or drops port 53; none: takes it away
 */
#include <linux/ip.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/nsproxy.h>
#include <linux/skbuff.h>
#include <linux/sort.h>
#include <linux/timex.h>
#include <linux/udp.h>
#include <linux/vmalloc.h>
#include <net/ip.h>
#include <net/net_namespace.h>

#define CALLS	1000
#define BATCHES	15
#define EACH_MAX	1000000

/* a query for the A record of www.example.com */
static const u8 dns_query[] = {
	0x12, 0x34, 0x01, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	3, 'w', 'w', 'w', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 3, 'c', 'o',
	'm', 0, 0x00, 0x01, 0x00, 0x01,
};

static DEFINE_MUTEX(lock);
static u64 result;
static struct {
	unsigned int dropped;
	u32 least;
	u32 median;
	u32 most;
	u32 greatest;
} each;
static struct net *hook_net;

static struct sk_buff *build_packet(struct net *net, u16 dport)
{
	unsigned int udplen = sizeof(struct udphdr) + sizeof(dns_query);
	struct sk_buff *skb;
	struct udphdr *uh;
	struct iphdr *iph;

	skb = alloc_skb(LL_MAX_HEADER + sizeof(*iph) + udplen, GFP_KERNEL);
	if (!skb)
		return NULL;
	skb_reserve(skb, LL_MAX_HEADER);
	skb_reset_network_header(skb);
	iph = skb_put_zero(skb, sizeof(*iph));
	skb_set_transport_header(skb, sizeof(*iph));
	uh = skb_put_zero(skb, sizeof(*uh));
	skb_put_data(skb, dns_query, sizeof(dns_query));

	iph->version = 4;
	iph->ihl = sizeof(*iph) / 4;
	iph->tot_len = htons(skb->len);
	iph->ttl = 64;
	iph->protocol = IPPROTO_UDP;
	iph->saddr = htonl(INADDR_LOOPBACK);
	iph->daddr = htonl(INADDR_LOOPBACK);
	ip_send_check(iph);
	uh->source = htons(40000);
	uh->dest = htons(dport);
	uh->len = htons(udplen);
	skb->protocol = htons(ETH_P_IP);
	skb->dev = net->loopback_dev;
	return skb;
}

static int cmp_u64(const void *a, const void *b)
{
	const u64 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static int never(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	return 0;
}

static u64 run_batch(struct net *net, struct sk_buff *skb, bool alone)
{
	unsigned int i;
	cycles_t start;

	/* a dropped packet gives a reference back, and a shared one is not written */
	refcount_set(&skb->users, alone ? 1 : CALLS + 1);
	start = get_cycles();
	for (i = 0; i < CALLS; i++)
		nf_hook(NFPROTO_IPV4, NF_INET_LOCAL_OUT, net, NULL, skb, NULL,
			net->loopback_dev, never);
	start = get_cycles() - start;
	refcount_set(&skb->users, 1);
	return start;
}

static int set_run(const char *value, const struct kernel_param *kp)
{
	struct net *net = current->nsproxy->net_ns;
	u64 batches[BATCHES];
	struct sk_buff *skb;
	char word[8] = "";
	unsigned int i;
	u16 dport;

	if (sscanf(value, "%hu %7s", &dport, word) < 1 ||
	    (word[0] && strcmp(word, "alone")))
		return -EINVAL;
	skb = build_packet(net, dport);
	if (!skb)
		return -ENOMEM;
	mutex_lock(&lock);
	for (i = 0; i < BATCHES; i++) {
		local_bh_disable();
		batches[i] = run_batch(net, skb, word[0]);
		local_bh_enable();
		cond_resched();
	}
	sort(batches, BATCHES, sizeof(batches[0]), cmp_u64, NULL);
	result = batches[BATCHES / 2];
	mutex_unlock(&lock);
	kfree_skb(skb);
	return 0;
}

static int get_run(char *buffer, const struct kernel_param *kp)
{
	return sprintf(buffer, "%llu\n", result);
}

static const struct kernel_param_ops run_ops = {
	.set = set_run,
	.get = get_run,
};
module_param_cb(run, &run_ops, NULL, 0600);

static int cmp_u32(const void *a, const void *b)
{
	const u32 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Between two packets is time for what waits. */
static unsigned int time_each(struct net *net, struct sk_buff *skb, u32 *ns,
			      unsigned int count, bool quiet)
{
	unsigned int dropped = 0;
	unsigned long flags;
	unsigned int i;
	int verdict;
	u64 start;

	for (i = 0; i < count; i++) {
		refcount_set(&skb->users, 2);
		local_bh_disable();
		if (quiet)
			local_irq_save(flags);
		start = ktime_get_ns();
		verdict = nf_hook(NFPROTO_IPV4, NF_INET_LOCAL_OUT, net, NULL,
				  skb, NULL, net->loopback_dev, never);
		ns[i] = min_t(u64, ktime_get_ns() - start, U32_MAX);
		if (quiet)
			local_irq_restore(flags);
		local_bh_enable();
		dropped += verdict < 0;
		cond_resched();
	}
	refcount_set(&skb->users, 1);
	return dropped;
}

static int set_each(const char *value, const struct kernel_param *kp)
{
	struct net *net = current->nsproxy->net_ns;
	unsigned int port, count;
	struct sk_buff *skb;
	char word[8] = "";
	u32 *ns;

	if (sscanf(value, "%u %u %7s", &port, &count, word) < 2 ||
	    port > U16_MAX || !count || count > EACH_MAX ||
	    (word[0] && strcmp(word, "quiet")))
		return -EINVAL;
	ns = vmalloc(array_size(count, sizeof(*ns)));
	skb = build_packet(net, port);
	if (!ns || !skb) {
		vfree(ns);
		kfree_skb(skb);
		return -ENOMEM;
	}
	mutex_lock(&lock);
	each.dropped = time_each(net, skb, ns, count, word[0]);
	sort(ns, count, sizeof(*ns), cmp_u32, NULL);
	each.least = ns[0];
	each.median = ns[count / 2];
	each.most = ns[count - 1 - count / 10000];
	each.greatest = ns[count - 1];
	mutex_unlock(&lock);
	kfree_skb(skb);
	vfree(ns);
	return 0;
}

static int get_each(char *buffer, const struct kernel_param *kp)
{
	return sprintf(buffer, "%u %u %u %u %u\n", each.dropped, each.least,
		       each.median, each.most, each.greatest);
}

static const struct kernel_param_ops each_ops = {
	.set = set_each,
	.get = get_each,
};
module_param_cb(each, &each_ops, NULL, 0600);

static unsigned int hook_empty(void *priv, struct sk_buff *skb,
			       const struct nf_hook_state *state)
{
	return NF_ACCEPT;
}

static unsigned int hook_port(void *priv, struct sk_buff *skb,
			      const struct nf_hook_state *state)
{
	const struct iphdr *iph = ip_hdr(skb);
	const struct udphdr *uh;
	struct udphdr buf;

	if (iph->protocol != IPPROTO_UDP ||
	    iph->frag_off & htons(IP_OFFSET))
		return NF_ACCEPT;
	uh = skb_header_pointer(skb, iph->ihl * 4, sizeof(buf), &buf);
	return uh && uh->dest == htons(53) ? NF_DROP : NF_ACCEPT;
}

static struct nf_hook_ops ops = {
	.pf = NFPROTO_IPV4,
	.hooknum = NF_INET_LOCAL_OUT,
	.priority = NF_IP_PRI_FILTER,
};

static void drop_hook(void)
{
	if (!hook_net)
		return;
	nf_unregister_net_hook(hook_net, &ops);
	synchronize_rcu();
	put_net(hook_net);
	hook_net = NULL;
}

static int set_hook(const char *value, const struct kernel_param *kp)
{
	struct net *net = current->nsproxy->net_ns;
	nf_hookfn *fn = NULL;
	int err = 0;

	if (sysfs_streq(value, "empty"))
		fn = hook_empty;
	else if (sysfs_streq(value, "port"))
		fn = hook_port;
	else if (!sysfs_streq(value, "none"))
		return -EINVAL;

	mutex_lock(&lock);
	drop_hook();
	if (fn) {
		ops.hook = fn;
		err = nf_register_net_hook(net, &ops);
		if (!err)
			hook_net = get_net(net);
	}
	mutex_unlock(&lock);
	return err;
}

static const struct kernel_param_ops hook_ops = {
	.set = set_hook,
};
module_param_cb(hook, &hook_ops, NULL, 0200);

static int __init bench_init(void)
{
	return 0;
}

static void __exit bench_exit(void)
{
	drop_hook();
}

module_init(bench_init);
module_exit(bench_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("counts what a packet costs at a netfilter hook");
