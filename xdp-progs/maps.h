/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * What the three programs share: the sockets, which slots belong to which device, and the counters.
 * Every object has maps of its own; one object serves all devices of its kind.
 *
 * Policy lives in user space. These programs only decide "to the socket" or "not ours", and what happens when
 * there is no socket: a pod's frames are dropped, the node's own traffic goes on as if we were not there.
 *
 * All of them work on frames of several buffers (up to 64 kB). The loader sets BPF_F_XDP_HAS_FRAGS; the section name
 * "xdp.frags" would set it for good, and a kernel without the flag could not run them at all.
 */
#ifndef DATAPLANE_MAPS_H
#define DATAPLANE_MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define MAX_PORTS 4096		/* devices per object */
#define MAX_SOCKETS 8192	/* one per (device, queue) */

/* slot -> AF_XDP socket. The kernel removes an entry by itself when its socket closes. */
struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, MAX_SOCKETS);
	__type(key, __u32);
	__type(value, __u32);
} xsks SEC(".maps");

/* ifindex -> slot of its queue 0; queue n has slot + n. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_PORTS);
	__type(key, __u32);
	__type(value, __u32);
} ports SEC(".maps");

enum counter {
	COUNTER_REDIRECT,	/* sent to a socket */
	COUNTER_PASS,		/* left to the kernel's stack */
	COUNTER_DROP,		/* dropped: no port entry, or no socket in the slot */
	COUNTER_MAX,
};

/* Frames per counter and CPU: plain increments, summed by the reader. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNTER_MAX);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

static __always_inline void count(enum counter which)
{
	__u32 key = which;
	__u64 *value = bpf_map_lookup_elem(&counters, &key);

	if (value)
		(*value)++;
}

static __always_inline int count_action(int action)
{
	count(action == XDP_REDIRECT ? COUNTER_REDIRECT : action == XDP_PASS ? COUNTER_PASS : COUNTER_DROP);
	return action;
}

/*
 * Redirect to the socket of the device and queue the frame came in on; without_socket is returned when there is none.
 * (bpf_redirect_map() looks the slot up at once, so an empty slot is seen here and not after the program.)
 */
static __always_inline int to_socket(struct xdp_md *ctx, int without_socket)
{
	__u32 ifindex = ctx->ingress_ifindex;
	__u32 *slot = bpf_map_lookup_elem(&ports, &ifindex);

	if (!slot)
		return count_action(without_socket);
	return count_action(bpf_redirect_map(&xsks, *slot + ctx->rx_queue_index, without_socket));
}

char _license[] SEC("license") = "Dual MIT/GPL";

#endif
