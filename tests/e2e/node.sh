#!/usr/bin/env bash
# The first process of a node: containerd and a kubelet, with everything below /run, /var/lib, /var/log, /etc, /opt and /sys of their own.
# `start_nodes` calls it in new mount, UTS and process namespaces and the node's network namespace; its end is the end of the node.
# usage: node.sh NODE
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readonly root node=$1
# shellcheck source=tests/e2e/common.sh
source "$root/tests/e2e/common.sh"
readonly folder=$work/$node
readonly group=$prefix-$node

make_private() {
    mount --make-rshared /
    local path entry
    mkdir -p "$folder"/{run,var-lib,var-log,opt,etc,cgroup}
    cp -a /etc/. "$folder/etc"
    for entry in /opt/*; do # what is installed there stays, and the node may add to it
        [ -d "$entry" ] || continue
        mkdir -p "$folder$entry"
        mount --rbind "$entry" "$folder$entry"
    done
    for path in run var-lib var-log opt etc; do
        mount --rbind "$folder/$path" "/${path/-//}"
    done
    # A sysfs mounted here shows this node's interfaces; the cgroups stay those of the machine.
    mount --rbind /sys/fs/cgroup "$folder/cgroup"
    mount -t sysfs sysfs /sys
    mount --rbind "$folder/cgroup" /sys/fs/cgroup
    mount -t bpf bpf /sys/fs/bpf
    mkdir -p /run/netns /run/lock /run/containerd /etc/cni/net.d /opt/cni/bin
    echo "$node" >/etc/hostname
    printf '127.0.0.1 localhost\n%s %s\n' "$(node_address "$node")" "$node" >/etc/hosts
    rm -f /etc/resolv.conf # it may be a link to what is hidden now
    touch /etc/resolv.conf
    echo 1 >/proc/sys/net/ipv4/ip_forward # as Kubernetes asks of every node
    cp "$debian"/usr/lib/cni/{host-local,loopback} /opt/cni/bin/
}

# Containers lie below a cgroup of the node's own, in each hierarchy of version 1, or in the one of version 2.
make_cgroups() {
    local hierarchy
    if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
        tr ' ' '\n' </sys/fs/cgroup/cgroup.controllers | sed 's/^/+/' | while read -r controller; do
            echo "$controller" >/sys/fs/cgroup/cgroup.subtree_control || true
        done
        mkdir -p "/sys/fs/cgroup/$group"
        return
    fi
    for hierarchy in /sys/fs/cgroup/*/; do
        [ -w "$hierarchy/tasks" ] || continue
        mkdir -p "$hierarchy$group"
        [ ! -e "$hierarchy/cpuset.cpus" ] || cat "$hierarchy/cpuset.cpus" >"$hierarchy$group/cpuset.cpus"
        [ ! -e "$hierarchy/cpuset.mems" ] || cat "$hierarchy/cpuset.mems" >"$hierarchy$group/cpuset.mems"
    done
}

# Overlayfs where it works on this disk (not within another overlay), else copies.
snapshotter() {
    local probe=$folder/probe
    mkdir -p "$probe"/{lower,upper,work,merged}
    if mount -t overlay overlay -o "lowerdir=$probe/lower,upperdir=$probe/upper,workdir=$probe/work" "$probe/merged" 2>/dev/null; then
        umount "$probe/merged"
        echo overlayfs
    else
        echo native
    fi
}

start_containerd() {
    mkdir -p /etc/containerd
    # A root without CAP_SYS_RESOURCE (in a container, say) may not lower an OOM score; nothing here depends on it.
    cat >/etc/containerd/config.toml <<CONFIG
version = 2
oom_score = 0
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "$(snapshotter)"
CONFIG
    # Debian's runc and containerd with their libraries, which the machine need not have.
    LD_LIBRARY_PATH=$debian/usr/lib/$multiarch:$debian/lib/$multiarch \
        containerd >"$logs/$node-containerd.log" 2>&1 &
    eventually 20 ctr version || die "containerd of $node did not start"
}

import() { ctr --namespace k8s.io images import "$1" >>"$logs/$node-images.log" 2>&1 || warn "$node: $1 was not imported"; }

# The kubelet needs the pause image only; the others follow while it starts.
import_others() {
    local image
    for image in "$root"/artifacts/image/*.tar "$kubernetes"/images/*.tar; do
        [ ! -e "$image" ] || [ "$(basename "$image")" = pause.tar ] || import "$image"
    done
    touch /run/images-are-there
}

start_kubelet() {
    cat >/etc/kubelet.yaml <<CONFIG
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
cgroupDriver: cgroupfs
cgroupRoot: /$group
enforceNodeAllocatable: []
failSwapOn: false
makeIPTablesUtilChains: false
authentication: {anonymous: {enabled: false}, webhook: {enabled: false}, x509: {clientCAFile: "$work/pki/ca.crt"}}
authorization: {mode: AlwaysAllow}
tlsCertFile: "$work/pki/$node.crt"
tlsPrivateKeyFile: "$work/pki/$node.key"
clusterDNS: [$dns_address]
clusterDomain: cluster.local
resolvConf: /etc/resolv.conf
imageGCHighThresholdPercent: 100
evictionHard: {memory.available: 100Mi, nodefs.available: "1%", imagefs.available: "1%"}
nodeStatusUpdateFrequency: 5s
CONFIG
    exec "$kubernetes/bin/kubelet" --config /etc/kubelet.yaml --kubeconfig "$work/pki/$node.kubeconfig" --hostname-override "$node" \
        --node-ip "$(node_address "$node")" --cert-dir /var/lib/kubelet/pki \
        --register-with-taints "$not_ready_taint=true:NoExecute" --container-runtime remote --container-runtime-endpoint unix:///run/containerd/containerd.sock --v 2 >"$logs/$node-kubelet.log" 2>&1
}

main() {
    hostname "$node"
    make_private
    make_cgroups
    export PATH=$debian/usr/bin:$debian/usr/sbin:$PATH
    start_containerd
    import "$kubernetes/images/pause.tar"
    import_others &
    (start_kubelet) &
    while :; do # as the first process it also reaps what others leave
        wait || true
        sleep 1
    done
}

main
