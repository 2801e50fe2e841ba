# What runs on the cluster before the first case: ours, as users deploy it, and a DNS. Sourced by run.sh.

deploy() {
    local began node
    began=$(milliseconds)
    python3 "$root/deploy/render.py" "apiServer=https://$control_address:6443" "podCidr=$pod_cidr" "serviceCidr=$service_cidr" >"$work/dataplane.yaml"
    kubectl apply -f "$work/dataplane.yaml" >"$logs/deploy.log"
    kubectl --namespace kube-system rollout status daemonset dataplane --timeout 120s >>"$logs/deploy.log" || die "the DaemonSet did not become ready"
    for node in "${nodes[@]}"; do
        eventually 60 node_is_ready "$node" || die "$node did not become Ready"
    done
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
