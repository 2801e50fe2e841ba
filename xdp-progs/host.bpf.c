/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * The dataplane's end of the host port (a veth pair into the node's own stack): what the node sends towards pods and
 * services. Drops without a socket: XDP_PASS would not reach anything useful, it would feed the node's own
 * frames back into its stack on the wrong device. The node's other traffic never comes here, so SSH and kubelet
 * do not depend on us.
 */
#include "maps.h"

SEC("xdp")
int dp_host(struct xdp_md *ctx)
{
	return to_socket(ctx, XDP_DROP);
}
