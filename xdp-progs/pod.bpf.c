/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * The host end of a pod's veth: every frame the pod sends goes to the dataplane's socket.
 * Fails closed: without a socket (process gone, pod not attached yet) frames are dropped, because the kernel's stack
 * would forward them past every NetworkPolicy.
 */
#include "maps.h"

SEC("xdp")
int dp_pod(struct xdp_md *ctx)
{
	return to_socket(ctx, XDP_DROP);
}
