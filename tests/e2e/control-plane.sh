# The underlay and the control plane: etcd, kube-apiserver, kube-controller-manager and kube-scheduler, in the network namespace that also
# holds the switch between the nodes, so that the machine's own network sees nothing of it. Sourced by run.sh.

make_underlay() {
    ip netns add $prefix-control
    ip -n $prefix-control link set lo up
    ip -n $prefix-control link add br0 type bridge
    ip -n $prefix-control address add $control_address/24 dev br0
    ip -n $prefix-control link set br0 up
    local node
    for node in "${nodes[@]}"; do
        ip netns add "$prefix-$node"
        ip -n "$prefix-$node" link set lo up
        ip link add eth0 netns "$prefix-$node" type veth peer name "$node" netns $prefix-control
        # Frames of the size that a wire carries, with the checksums that a wire needs.
        inside "$node" ethtool -K eth0 tx off tso off gso off gro off >/dev/null
        inside control ethtool -K "$node" tx off tso off gso off gro off >/dev/null
        ip -n $prefix-control link set "$node" master br0 up
        ip -n "$prefix-$node" address add "$(node_address "$node")/24" dev eth0
        ip -n "$prefix-$node" link set eth0 up
        ip -n "$prefix-$node" route add default via $control_address
    done
}

# component NAME COMMAND...: in the control plane, until `remove`.
component() { inside control setsid "${@:2}" >>"$logs/$1.log" 2>&1 </dev/null & disown; }

start_etcd() {
    local folder=$work/control
    mkdir -p "$folder"
    component etcd "$debian/usr/bin/etcd" --data-dir "$folder/etcd" --unsafe-no-fsync \
        --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
        --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 --initial-cluster default=http://127.0.0.1:2380
}

# Started again, they go on by what is in etcd.
start_masters() {
    local folder=$work/control
    component kube-apiserver "$kubernetes/bin/kube-apiserver" --etcd-servers http://127.0.0.1:2379 \
        --bind-address 0.0.0.0 --secure-port 6443 --advertise-address $control_address --cert-dir "$folder" \
        --client-ca-file "$pki/ca.crt" --tls-cert-file "$pki/apiserver.crt" --tls-private-key-file "$pki/apiserver.key" \
        --kubelet-client-certificate "$pki/kubelet-client.crt" --kubelet-client-key "$pki/kubelet-client.key" \
        --kubelet-preferred-address-types InternalIP \
        --service-account-key-file "$pki/service-accounts.pub" --service-account-signing-key-file "$pki/service-accounts.key" \
        --service-account-issuer https://kubernetes.default.svc --service-cluster-ip-range $service_cidr \
        --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction --allow-privileged=true --runtime-config api/all=true
    component kube-controller-manager "$kubernetes/bin/kube-controller-manager" --kubeconfig "$pki/controller-manager.kubeconfig" \
        --cluster-cidr $pod_cidr --allocate-node-cidrs=true --service-cluster-ip-range $service_cidr \
        --root-ca-file "$pki/ca.crt" --service-account-private-key-file "$pki/service-accounts.key" \
        --cluster-signing-cert-file "$pki/ca.crt" --cluster-signing-key-file "$pki/ca.key" --use-service-account-credentials=true \
        --leader-elect=false --bind-address 127.0.0.1 --port 0 --cert-dir "$folder" --kube-api-qps 100 --kube-api-burst 200
    component kube-scheduler "$kubernetes/bin/kube-scheduler" --kubeconfig "$pki/scheduler.kubeconfig" \
        --leader-elect=false --bind-address 127.0.0.1 --port 0 --cert-dir "$folder" --kube-api-qps 100 --kube-api-burst 200
}

control_plane_is_ready() { [ "$(kubectl get --raw /readyz)" = ok ]; }

# All at once and without a warning; etcd, which nobody but the API server asks, stays.
kill_masters() {
    local id
    for id in $(ip netns pids $prefix-control); do
        case $(cat "/proc/$id/comm" 2>/dev/null) in
            kube-apiserver | kube-controller | kube-scheduler) kill -KILL "$id" ;;
        esac
    done
}
