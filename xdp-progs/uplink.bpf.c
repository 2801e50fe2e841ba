/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * The node's NIC: only what is ours goes to the socket, everything else is left to the kernel, and so is ours while
 * there is no socket. The node stays reachable whatever happens to the dataplane.
 *
 * Ours: VXLAN to this node (UDP to the configured port at one of the node's addresses), and, with native routing,
 * packets to a local pod. Fragments are passed: the later ones carry no port, so the kernel must see all of them.
 * VLAN-tagged frames, IPv4 options and IPv6 are passed too; nothing of ours has them on the outside.
 */
#include "maps.h"

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>

#define IP_FRAGMENT 0x3fff	/* more-fragments bit and offset: zero in a whole packet */

/* One entry, written by user space before frames are expected; all zero means that nothing is ours. */
struct uplink_config {
	__be16 vxlan_port;	/* 0: no VXLAN */
	__u16 native_routing;	/* not 0: look destinations up in local_pods */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct uplink_config);
} config SEC(".maps");

/* The node's IPv4 addresses that VXLAN may be sent to (network order). */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __be32);
	__type(value, __u8);
} node_addresses SEC(".maps");

struct ipv4_prefix {
	__u32 length;
	__be32 address;
};

/* Prefixes of local pods, for native routing. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct ipv4_prefix);
	__type(value, __u8);
} local_pods SEC(".maps");

static __always_inline int is_ours(struct xdp_md *ctx)
{
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *udp = (void *)(ip + 1);
	struct uplink_config *settings;
	__u32 zero = 0;

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP) || ip->version != 4)
		return 0;
	settings = bpf_map_lookup_elem(&config, &zero);
	if (!settings)
		return 0;
	if (ip->protocol == IPPROTO_UDP && ip->ihl == 5 && !(ip->frag_off & bpf_htons(IP_FRAGMENT)) &&
	    (void *)(udp + 1) <= end && settings->vxlan_port && udp->dest == settings->vxlan_port &&
	    bpf_map_lookup_elem(&node_addresses, &ip->daddr))
		return 1;
	if (settings->native_routing) {
		struct ipv4_prefix pod = { .length = 32, .address = ip->daddr };

		return bpf_map_lookup_elem(&local_pods, &pod) != NULL;
	}
	return 0;
}

SEC("xdp")
int dp_uplink(struct xdp_md *ctx)
{
	if (!is_ours(ctx))
		return count_action(XDP_PASS);
	return to_socket(ctx, XDP_PASS);
}
