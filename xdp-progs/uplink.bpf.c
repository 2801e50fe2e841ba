/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * The node's NIC: only what is ours goes to the socket, everything else is left to the kernel, and so is ours while
 * there is no socket. The node stays reachable whatever happens to the dataplane.
 *
 * Ours are, of frames to the device's own Ethernet address,
 *  - VXLAN of our network: whole UDP packets without IP options to the configured port at an address of this node;
 *  - packets whose destination is one of our ends: a service frontend, or an address and port that we translate
 *    sources to (for an echo reply the identifier is the port). A TCP segment that opens a connection answers nobody, so
 *    that at a translated source it is the node's own; so it is at a frontend that is kept for old connections only;
 *  - ICMP errors about a packet that one of our ends has sent;
 *  - fragments of such packets, if the first one, which alone has the ports, comes first;
 *  - with native routing, packets to a local pod.
 *
 * All but VXLAN is the same for IPv6 (uplink6.h): tunnels are IPv4. VLAN-tagged frames are passed.
 */
#include "maps.h"

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#define IP_MORE_FRAGMENTS 0x2000
#define IP_OFFSET 0x1fff

#define VXLAN_HAS_VNI 0x08000000 /* of the header's first word; RFC 7348, section 5 */

/* Types of linux/icmp.h, which includes headers of the C library. */
#define ICMP_ECHO_REPLY 0
#define ICMP_DEST_UNREACH 3
#define ICMP_SOURCE_QUENCH 4
#define ICMP_ECHO 8
#define ICMP_TIME_EXCEEDED 11
#define ICMP_PARAMETER_PROBLEM 12

/* One entry, written by user space before frames are expected; all zero means that nothing is ours. */
struct uplink_config {
	__be16 vxlan_port;	/* 0: no VXLAN */
	__u16 native_routing;	/* not 0: look destinations up in local_pods */
	__u16 nat_first;	/* host order: the ports that sources are translated to, both ends included */
	__u16 nat_last;		/* 0: none */
	__u32 vni;		/* host order: the one network of tunnels that is ours */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct uplink_config);
} config SEC(".maps");

struct device_address {
	__u32 ifindex;
	__u8 mac[ETH_ALEN];
	__u16 zero;
};

/* The Ethernet addresses at which a device takes what is for this node: a promiscuous one sees more. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct device_address);
	__type(value, __u8);
} device_addresses SEC(".maps");

enum address_flag {
	ADDRESS_VXLAN = 1,	/* tunnels end here */
	ADDRESS_NODE_PORT = 2,	/* frontends of the address 0.0.0.0 are served here */
	ADDRESS_NAT = 4,	/* sources are translated to it */
};

/* The node's IPv4 addresses (network order) and what each is for. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __be32);
	__type(value, __u8);
} node_addresses SEC(".maps");

enum frontend_state {
	FRONTEND_SERVED = 1,
	FRONTEND_LINGERS = 2,	/* no service has it any more, but there are connections to it */
};

struct frontend {
	__be32 address;		/* 0.0.0.0: every address with ADDRESS_NODE_PORT */
	__be16 port;
	__u8 protocol;		/* TCP, UDP or SCTP */
	__u8 zero;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 262144);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct frontend);
	__type(value, __u8);	/* enum frontend_state */
} frontends SEC(".maps");

struct fragmented {
	__be32 source;
	__be32 destination;
	__be16 id;
	__u8 protocol;
	__u8 zero;
};

/* Packets whose first fragment was ours. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct fragmented);
	__type(value, __u8);
} fragments SEC(".maps");

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

/* The first 8 bytes above IP, which a first fragment and the quote of an ICMP error have at least. */
union transport {
	struct udphdr ports;	/* TCP and SCTP have theirs in the same place */
	struct {
		__u8 type;
		__u8 code;
		__be16 checksum;
		__be16 id;	/* of an echo */
		__be16 sequence;
	} icmp;
};

/* NULL if the header is not one, or the frame ends before 8 bytes of transport. */
static __always_inline union transport *transport_of(struct iphdr *ip, void *end)
{
	union transport *transport;

	if ((void *)(ip + 1) > end || ip->version != 4 || ip->ihl < 5)
		return NULL;
	transport = (void *)ip + ip->ihl * 4;
	return (void *)(transport + 1) <= end ? transport : NULL;
}

static __always_inline int address_has(__be32 address, enum address_flag flag)
{
	__u8 *flags = bpf_map_lookup_elem(&node_addresses, &address);

	return flags && *flags & flag;
}

/* True for a TCP segment that opens a connection: SYN alone. Where the frame ends before its flags, it is none. */
static __always_inline int opens_connection(union transport *transport, void *end, __u8 protocol)
{
	struct tcphdr *tcp = (void *)transport;

	return protocol == IPPROTO_TCP && (void *)(tcp + 1) <= end && tcp->syn && !tcp->ack && !tcp->rst && !tcp->fin;
}

static __always_inline int is_taken(__u8 *frontend, int opens)
{
	return frontend && !(opens && *frontend == FRONTEND_LINGERS);
}

static __always_inline int is_our_end(struct uplink_config *settings, __be32 address, __be16 port, __u8 protocol, int opens)
{
	struct frontend frontend = { .address = address, .port = port, .protocol = protocol };
	__u16 number = bpf_ntohs(port);

	if (!opens && settings->nat_last && number >= settings->nat_first && number <= settings->nat_last &&
	    address_has(address, ADDRESS_NAT))
		return 1;
	if (is_taken(bpf_map_lookup_elem(&frontends, &frontend), opens))
		return 1;
	frontend.address = 0;
	return address_has(address, ADDRESS_NODE_PORT) && is_taken(bpf_map_lookup_elem(&frontends, &frontend), opens);
}

/* Others may have tunnels of their own at our port: whose a packet is, its network says. */
static __always_inline int is_our_tunnel(struct uplink_config *settings, union transport *transport, void *end)
{
	__be32 *vxlan = (void *)(&transport->ports + 1); /* flags; network, and 8 bits reserved */

	return (void *)(vxlan + 2) <= end && vxlan[0] & bpf_htonl(VXLAN_HAS_VNI) && bpf_ntohl(vxlan[1]) >> 8 == settings->vni;
}

static __always_inline int has_ports(__u8 protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP;
}

/* Errors about our own VXLAN packets are the kernel's: it learns the path MTU from them. */
static __always_inline int is_error_about_ours(struct uplink_config *settings, union transport *error, void *end)
{
	struct iphdr *quoted = (void *)(error + 1);
	union transport *transport;
	__u8 type = error->icmp.type;

	if (type != ICMP_DEST_UNREACH && type != ICMP_SOURCE_QUENCH && type != ICMP_TIME_EXCEEDED && type != ICMP_PARAMETER_PROBLEM)
		return 0;
	transport = transport_of(quoted, end);
	if (!transport || quoted->frag_off & bpf_htons(IP_OFFSET))
		return 0;
	if (quoted->protocol == IPPROTO_ICMP)
		return transport->icmp.type == ICMP_ECHO &&
		       is_our_end(settings, quoted->saddr, transport->icmp.id, IPPROTO_ICMP, 0);
	if (!has_ports(quoted->protocol) ||
	    (quoted->protocol == IPPROTO_UDP && settings->vxlan_port && transport->ports.dest == settings->vxlan_port))
		return 0;
	return is_our_end(settings, quoted->saddr, transport->ports.source, quoted->protocol, 0);
}

static __always_inline int is_ours(struct uplink_config *settings, struct iphdr *ip, void *end)
{
	struct fragmented fragmented = { .source = ip->saddr, .destination = ip->daddr, .id = ip->id, .protocol = ip->protocol };
	int more = ip->frag_off & bpf_htons(IP_MORE_FRAGMENTS);
	union transport *transport;
	__u8 yes = 1;
	int ours;

	if (ip->frag_off & bpf_htons(IP_OFFSET))
		return bpf_map_lookup_elem(&fragments, &fragmented) != NULL;
	transport = transport_of(ip, end);
	if (!transport)
		return 0;
	if (ip->protocol == IPPROTO_UDP && settings->vxlan_port && transport->ports.dest == settings->vxlan_port &&
	    address_has(ip->daddr, ADDRESS_VXLAN))
		return !more && ip->ihl == 5 && is_our_tunnel(settings, transport, end);
	if (has_ports(ip->protocol))
		ours = is_our_end(settings, ip->daddr, transport->ports.dest, ip->protocol,
				  opens_connection(transport, end, ip->protocol));
	else if (ip->protocol != IPPROTO_ICMP)
		ours = 0;
	else if (transport->icmp.type == ICMP_ECHO_REPLY)
		ours = is_our_end(settings, ip->daddr, transport->icmp.id, IPPROTO_ICMP, 0);
	else
		return !more && is_error_about_ours(settings, transport, end);
	if (!more)
		return ours;
	/* Identifications come round: what is remembered of an earlier packet must not take fragments of a later one. */
	if (ours)
		bpf_map_update_elem(&fragments, &fragmented, &yes, BPF_ANY);
	else
		bpf_map_delete_elem(&fragments, &fragmented);
	return ours;
}

#include "uplink6.h"

static __always_inline int is_to_local_pod(struct uplink_config *settings, struct iphdr *ip)
{
	struct ipv4_prefix pod = { .length = 32, .address = ip->daddr };

	return settings->native_routing && bpf_map_lookup_elem(&local_pods, &pod);
}

static __always_inline int is_ours_or_local(struct uplink_config *settings, struct iphdr *ip, void *end)
{
	return (void *)(ip + 1) <= end && ip->version == 4 && (is_ours(settings, ip, end) || is_to_local_pod(settings, ip));
}

/* A frame to another station or to a group: the kernel knows what to do with those. */
static __always_inline int is_to_device(struct xdp_md *ctx, struct ethhdr *eth)
{
	struct device_address key = { .ifindex = ctx->ingress_ifindex };

	__builtin_memcpy(key.mac, eth->h_dest, ETH_ALEN);
	return bpf_map_lookup_elem(&device_addresses, &key) != NULL;
}

SEC("xdp")
int dp_uplink(struct xdp_md *ctx)
{
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct uplink_config *settings;
	__u32 zero = 0;
	int ours = 0;

	settings = bpf_map_lookup_elem(&config, &zero);
	if (!settings || (void *)(eth + 1) > end)
		return count_action(XDP_PASS);
	if (eth->h_proto == bpf_htons(ETH_P_IP))
		ours = is_ours_or_local(settings, (void *)(eth + 1), end);
	else if (eth->h_proto == bpf_htons(ETH_P_IPV6))
		ours = is_ours6_or_local(settings, (void *)(eth + 1), end);
	return ours && is_to_device(ctx, eth) ? to_socket(ctx, XDP_PASS) : count_action(XDP_PASS);
}
