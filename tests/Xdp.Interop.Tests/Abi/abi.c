/*
 * Prints the size of every struct and the offset of every field that AbiTests lists, as "key=value".
 * The lists come from the test as show() lines; what Debian 12's headers (Linux 6.1) lack is defined here, and
 * compared with the running kernel's own types (BTF) where it publishes them.
 */
#define _GNU_SOURCE
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/if_xdp.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <xdp/libxdp.h>

struct xdp_umem_reg_6_8 {
	__u64 addr;
	__u64 len;
	__u32 chunk_size;
	__u32 headroom;
	__u32 flags;
	__u32 tx_metadata_len;
};

struct xsk_tx_metadata_6_8 {
	__u64 flags;
	__u16 csum_start;
	__u16 csum_offset;
	__u64 launch_time;
};

#ifndef XDP_USE_SG
#define XDP_USE_SG (1 << 4)
#endif
#ifndef XDP_PKT_CONTD
#define XDP_PKT_CONTD (1 << 0)
#endif
#ifndef XDP_TX_METADATA
#define XDP_TX_METADATA (1 << 1)
#endif
#ifndef XDP_TXMD_FLAGS_CHECKSUM
#define XDP_TXMD_FLAGS_CHECKSUM (1 << 1)
#endif
#ifndef XDP_UMEM_TX_METADATA_LEN
#define XDP_UMEM_TX_METADATA_LEN (1 << 2)
#endif
#ifndef XDP_MAX_TX_SKB_BUDGET
#define XDP_MAX_TX_SKB_BUDGET 9
#endif

#define show(key, value) printf("%s=%lld\n", key, (long long)(value))

/* Offset of a member, looked for in anonymous members too; -1 when there is none. */
static long long find_member(const struct btf *btf, const struct btf_type *type, const char *name)
{
	const struct btf_member *member = btf_members(type);

	for (int i = 0; i < btf_vlen(type); i++, member++) {
		const char *found = btf__name_by_offset(btf, member->name_off);
		long long start = btf_member_bit_offset(type, i) / 8;

		if (*found && !strcmp(found, name))
			return start;
		if (!*found || !strcmp(found, "request")) {
			const struct btf_type *inner = btf__type_by_id(btf, member->type);
			long long offset = btf_is_composite(inner) ? find_member(btf, inner, name) : -1;

			if (offset >= 0)
				return start + offset;
		}
	}
	return -1;
}

/* The running kernel's view: "kernel struct.member=offset", "kernel struct=size"; nothing when it has no such struct. */
static void show_kernel(const struct btf *btf, const char *name, const char **members)
{
	int id = btf ? btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT) : -1;

	if (id < 0)
		return;
	printf("kernel %s=%lld\n", name, (long long)btf__resolve_size(btf, id));
	for (; *members; members++)
		printf("kernel %s.%s=%lld\n", name, *members, find_member(btf, btf__type_by_id(btf, id), *members));
}

int main(void)
{
	struct btf *btf = btf__load_vmlinux_btf();

	show_kernel(btf, "xdp_umem_reg", (const char *[]){ "addr", "len", "chunk_size", "headroom", "flags", "tx_metadata_len", NULL });
	show_kernel(btf, "xsk_tx_metadata", (const char *[]){ "flags", "csum_start", "csum_offset", "launch_time", NULL });
/* LIST */
	return 0;
}
