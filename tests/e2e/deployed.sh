# What runs on the cluster before the first case: ours, as users deploy it, and a DNS. Sourced by run.sh.

deploy() {
    local began node
    began=$(milliseconds)
    install_dataplane >"$logs/deploy.log" || die "the dataplane was not installed; see $logs/deploy.log"
    say "both nodes Ready $(($(milliseconds) - began)) ms after applying the manifests of deploy/"
    # The API server itself asks pods at times (kubectl proxy, webhooks), and is not on a node here.
    for node in "${nodes[@]}"; do
        inside control ip route replace "$(kubectl get node "$node" -o 'jsonpath={.spec.podCIDR}')" via "$(node_address "$node")"
    done
    for node in "${nodes[@]}"; do
        traces "$node" >"$work/traces-$node"
    done
    for node in "${nodes[@]}"; do
        eventually 120 has_images "$node" || die "the images were not imported on $node"
    done
    kubectl apply -f "$e2e/manifests/dns.yaml" >>"$logs/deploy.log"
    kubectl --namespace kube-system rollout status deployment minidns --timeout 60s >>"$logs/deploy.log" || die "the DNS did not become ready"
    say "DNS ready after $(($(milliseconds) - began)) ms"
}

# As docs/installing.md says.
install_dataplane() {
    local node
    python3 "$root/deploy/render.py" "apiServer=https://$control_address:6443" "podCidr=$pod_cidr" "serviceCidr=$service_cidr" >"$work/dataplane.yaml"
    kubectl apply -f "$work/dataplane.yaml" || return
    kubectl --namespace kube-system rollout status daemonset dataplane --timeout 120s || return
    for node in "${nodes[@]}"; do
        eventually 60 node_is_ready "$node" || { echo "$node did not become Ready"; return 1; }
    done
}

taints() { kubectl get node "$1" -o 'jsonpath={range .spec.taints[*]}{.key}:{.effect}{"\n"}{end}'; }

# All that the dataplane could leave on a node, but for an empty folder of libxdp's that other programs share.
untouched() {
    inside "$1" ip -details -oneline link | sed 's/ state [A-Z]* .*//; s/^[0-9]*: //'
    inside "$1" ip -oneline link | grep -o ' \(xdp[a-z]*\|prog/xdp\) .*' || true
    inside "$1" ip -oneline -4 address | awk '{ print $2, $4 }'
    inside "$1" ip rule
    inside "$1" ip -6 rule
    inside "$1" ip -4 route show table all
    inside "$1" ip neighbour show nud permanent
    on "$1" sysctl -a --pattern '^net\.(ipv4|ipv6)\.(ip_local_reserved_ports|ip_local_port_range|tcp_fwmark_accept|fwmark_reflect|ip_forward|conf\.(all|default|eth0)\.)' 2>/dev/null
    on "$1" find /etc/cni /opt/cni /run/dataplane /sys/fs/bpf -mindepth 1 ! \( -path /sys/fs/bpf/xdp -empty \) 2>/dev/null || true
    on "$1" find /var/lib/cni/networks -type f 2>/dev/null || true
}

# All that pods, services and policies leave on a node, by name.
traces() {
    inside "$1" ip -o link | awk '{ print "interface", $2 }' | sort
    on "$1" find /run/netns -mindepth 1 -printf 'namespace %p\n'
    on "$1" find /run/dataplane/addresses -name '[0-9]*.*' -printf 'address %p\n' 2>/dev/null || true
    dpctl "$1" endpoint list
    dpctl "$1" service list | awk '{ print $1, $2 }' # without counters
    dpctl "$1" policy list
}

# What earlier runs of cases made on a kept cluster.
remove_namespaces() {
    local names
    names=$(kubectl get namespaces -o 'jsonpath={range .items[*]}{.metadata.name}{"\n"}{end}' | grep -vE '^(default|kube-.*)$' || true)
    # shellcheck disable=SC2086 # one word per namespace
    [ -z "$names" ] || kubectl delete namespace $names --timeout 120s
}
