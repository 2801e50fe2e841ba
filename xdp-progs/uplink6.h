/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * The IPv6 half of the uplink's program: what of it is ours. It has maps of its own, so that IPv4 packets pay nothing for
 * the longer keys. Included by uplink.bpf.c, behind what both families share.
 *
 * Before the transport header there may be extension headers. Hop-by-hop and destination options and the fragment header
 * are skipped, MAX_EXTENSIONS of them; packets with more, or with others (routing, authentication ...), are the kernel's.
 * Neighbour and listener discovery and echo requests never are ours, nor is what a link-local address sends but for ICMP
 * errors: nobody else may carry it on (RFC 4291, section 2.5.6), and the node's own stack must see which link it is from.
 */
#ifndef DATAPLANE_UPLINK6_H
#define DATAPLANE_UPLINK6_H

#include <linux/in6.h>
#include <linux/ipv6.h>

#define MAX_EXTENSIONS 4	/* each is a copy of the loop's body: the verifier of old kernels knows no loops */

#define FRAGMENT_OFFSET 0xfff8
#define FRAGMENT_MORE 1

/* Types of linux/icmpv6.h. */
#define ICMPV6_DEST_UNREACH 1
#define ICMPV6_PKT_TOOBIG 2
#define ICMPV6_TIME_EXCEED 3
#define ICMPV6_PARAMPROB 4
#define ICMPV6_ECHO_REQUEST 128
#define ICMPV6_ECHO_REPLY 129

/* As node_addresses. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, struct in6_addr);
	__type(value, __u8);
} node_addresses6 SEC(".maps");

struct frontend6 {
	struct in6_addr address;	/* ::, every address with ADDRESS_NODE_PORT */
	__be16 port;
	__u8 protocol;		/* TCP, UDP or SCTP */
	__u8 zero;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 262144);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct frontend6);
	__type(value, __u8);	/* enum frontend_state */
} frontends6 SEC(".maps");

struct ipv6_prefix {
	__u32 length;
	struct in6_addr address;
};

/* As local_pods. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct ipv6_prefix);
	__type(value, __u8);
} local_pods6 SEC(".maps");

/* Without the protocol: that of later fragments need not be that of the first (RFC 8200, section 4.5). */
struct fragmented6 {
	struct in6_addr source;
	struct in6_addr destination;
	__be32 id;
};

/* Packets whose first fragment was ours. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct fragmented6);
	__type(value, __u8);
} fragments6 SEC(".maps");

/* The first 8 bytes of an extension header. */
struct extension {
	__u8 next;
	__u8 length;		/* in units of 8 bytes, this one not counted; of a fragment header reserved */
	__be16 fragment;	/* offset and flag; of a fragment header only */
	__be32 id;		/* likewise */
};

enum fragment_kind {
	FRAGMENT_NONE,		/* a whole packet */
	FRAGMENT_FIRST,
	FRAGMENT_LATER,		/* without a transport header */
};

/* What stands above IPv6. */
struct upper {
	union transport *transport;	/* at least 8 bytes, unless it is a later fragment */
	__u8 protocol;
	enum fragment_kind fragment;
	__be32 id;		/* of a fragment */
};

/* 0 if the frame ends before it, or if it is not known how to find it. */
static __always_inline int find_upper(struct ipv6hdr *ip, void *end, struct upper *upper)
{
	void *next = ip + 1;
	__u8 type;
	int i;

	if (next > end || ip->version != 6)
		return 0;
	type = ip->nexthdr;
	upper->fragment = FRAGMENT_NONE;
	upper->id = 0;
#pragma unroll
	for (i = 0; i < MAX_EXTENSIONS; i++) {
		struct extension *extension = next;

		if (type != IPPROTO_HOPOPTS && type != IPPROTO_DSTOPTS && type != IPPROTO_FRAGMENT)
			break;
		if ((void *)(extension + 1) > end)
			return 0;
		if (type == IPPROTO_FRAGMENT) {
			__u16 fragment = bpf_ntohs(extension->fragment);

			/* One that is alone (RFC 6946) is a whole packet. */
			if (fragment & (FRAGMENT_OFFSET | FRAGMENT_MORE)) {
				upper->id = extension->id;
				upper->fragment = fragment & FRAGMENT_OFFSET ? FRAGMENT_LATER : FRAGMENT_FIRST;
			}
			if (fragment & FRAGMENT_OFFSET)
				return 1;
			next = extension + 1;
		} else {
			next += (extension->length + 1) * 8;
		}
		type = extension->next;
	}
	upper->protocol = type;
	upper->transport = next;
	return (void *)(upper->transport + 1) <= end;
}

static __always_inline int address6_has(struct in6_addr *address, enum address_flag flag)
{
	__u8 *flags = bpf_map_lookup_elem(&node_addresses6, address);

	return flags && *flags & flag;
}

static __always_inline int is_link_local(struct in6_addr *address)
{
	return (address->s6_addr32[0] & bpf_htonl(0xffc00000)) == bpf_htonl(0xfe800000);
}

static __always_inline int is_our_end6(struct uplink_config *settings, struct in6_addr *address, __be16 port, __u8 protocol, int opens)
{
	struct frontend6 frontend = { .address = *address, .port = port, .protocol = protocol };
	struct frontend6 wildcard = { .port = port, .protocol = protocol };
	__u16 number = bpf_ntohs(port);

	if (!opens && settings->nat_last && number >= settings->nat_first && number <= settings->nat_last &&
	    address6_has(&frontend.address, ADDRESS_NAT))
		return 1;
	if (is_taken(bpf_map_lookup_elem(&frontends6, &frontend), opens))
		return 1;
	return address6_has(&frontend.address, ADDRESS_NODE_PORT) && is_taken(bpf_map_lookup_elem(&frontends6, &wildcard), opens);
}

static __always_inline int is_error_about_ours6(struct uplink_config *settings, union transport *error, void *end)
{
	struct ipv6hdr *quoted = (void *)(error + 1);
	__u8 type = error->icmp.type;
	struct upper upper;

	if (type != ICMPV6_DEST_UNREACH && type != ICMPV6_PKT_TOOBIG && type != ICMPV6_TIME_EXCEED && type != ICMPV6_PARAMPROB)
		return 0;
	if (!find_upper(quoted, end, &upper) || upper.fragment == FRAGMENT_LATER)
		return 0;
	if (upper.protocol == IPPROTO_ICMPV6)
		return upper.transport->icmp.type == ICMPV6_ECHO_REQUEST &&
		       is_our_end6(settings, &quoted->saddr, upper.transport->icmp.id, IPPROTO_ICMPV6, 0);
	return has_ports(upper.protocol) && is_our_end6(settings, &quoted->saddr, upper.transport->ports.source, upper.protocol, 0);
}

static __always_inline int is_ours6(struct uplink_config *settings, struct ipv6hdr *ip, void *end)
{
	struct fragmented6 fragmented;
	struct upper upper;
	__u8 yes = 1;
	int ours;

	if (!find_upper(ip, end, &upper))
		return 0;
	if (upper.fragment != FRAGMENT_NONE) {
		fragmented.source = ip->saddr;
		fragmented.destination = ip->daddr;
		fragmented.id = upper.id;
	}
	if (upper.fragment == FRAGMENT_LATER)
		return bpf_map_lookup_elem(&fragments6, &fragmented) != NULL;
	if (has_ports(upper.protocol))
		ours = !is_link_local(&ip->saddr) &&
		       is_our_end6(settings, &ip->daddr, upper.transport->ports.dest, upper.protocol,
				   opens_connection(upper.transport, end, upper.protocol));
	else if (upper.protocol != IPPROTO_ICMPV6)
		ours = 0;
	else if (upper.transport->icmp.type == ICMPV6_ECHO_REPLY)
		ours = !is_link_local(&ip->saddr) && is_our_end6(settings, &ip->daddr, upper.transport->icmp.id, IPPROTO_ICMPV6, 0);
	else
		return upper.fragment == FRAGMENT_NONE && is_error_about_ours6(settings, upper.transport, end);
	if (upper.fragment == FRAGMENT_NONE)
		return ours;
	/* As with IPv4: identifications come round. */
	if (ours)
		bpf_map_update_elem(&fragments6, &fragmented, &yes, BPF_ANY);
	else
		bpf_map_delete_elem(&fragments6, &fragmented);
	return ours;
}

static __always_inline int is_to_local_pod6(struct uplink_config *settings, struct ipv6hdr *ip)
{
	struct ipv6_prefix pod = { .length = 128, .address = ip->daddr };

	return settings->native_routing && !is_link_local(&ip->saddr) && bpf_map_lookup_elem(&local_pods6, &pod);
}

static __always_inline int is_ours6_or_local(struct uplink_config *settings, struct ipv6hdr *ip, void *end)
{
	return (void *)(ip + 1) <= end && ip->version == 6 && (is_ours6(settings, ip, end) || is_to_local_pod6(settings, ip));
}

#endif
