# The end of everything that runs on the cluster, and of the dataplane itself.

case_of "everything deleted: no endpoint, service, policy, interface, namespace or address is left on the nodes" nothing_left
nothing_left() {
    remove_namespaces
    kubectl delete -f "$e2e/manifests/dns.yaml" --timeout 60s
    eventually 60 no_pod_is_left || fail "pods are left: $(pods_of_the_pod_network)"
    local node
    for node in "${nodes[@]}"; do
        eventually 30 is_as_before "$node" || fail "$node: $(diff "$work/traces-$node" <(traces "$node") || true)"
    done
    kubectl apply -f "$e2e/manifests/dns.yaml"
    kubectl --namespace kube-system rollout status deployment minidns --timeout 60s
}
pods_of_the_pod_network() { kubectl get pods --all-namespaces --no-headers -o 'custom-columns=NAME:.metadata.name,HOST:.spec.hostNetwork' | awk '$2 != "true" { print $1 }'; }
no_pod_is_left() { [ -z "$(pods_of_the_pod_network)" ]; }
is_as_before() { diff "$work/traces-$1" <(traces "$1"); }

case_of "F19: what keeps a node served is never short of its due: priority, host network, one node at a time, no memory limit" as_deployed
as_deployed() {
    equal "the DaemonSet" "system-node-critical true 1 " "$(kubectl --namespace kube-system get daemonset dataplane -o \
        'jsonpath={.spec.template.spec.priorityClassName} {.spec.template.spec.hostNetwork} {.spec.updateStrategy.rollingUpdate.maxUnavailable} {.spec.template.spec.containers[*].resources.limits}')"
}

case_of "F17: nodes that joined with the taint got rid of it when they were ready" taint_of_new_nodes
taint_of_new_nodes() {
    local node
    for node in "${nodes[@]}"; do
        grep -x "$not_ready_taint:NoExecute" "$work/taints-$node"
        equal "taints of $node" "" "$(taints "$node")"
    done
}

case_of "F20: the kill switch: without API server and kubelet a node gets its own network back, and the dataplane takes over again later" kill_switch
kill_switch() {
    local node=node-2
    bed
    kill_masters
    on $node pkill -STOP -x kubelet
    on $node pkill -KILL -x dataplane
    sleep 1
    # As the document says, but for the pods' interfaces, which the next one takes over.
    on $node env PATH="$debian/usr/bin:$debian/usr/sbin:$PATH" LD_LIBRARY_PATH="$debian/usr/lib/$multiarch:$debian/lib/$multiarch" \
        ctr --namespace k8s.io run --rm --privileged --net-host --mount type=bind,src=/run,dst=/run,options=rbind:rw \
        --mount type=bind,src=/sys/fs/bpf,dst=/sys/fs/bpf,options=rbind:rw localhost/dataplane:dev cleanup /usr/bin/dataplane cleanup --force
    # What is left is the interfaces of pods.
    equal "$node" "" "$(diff <(untouched $node | grep -v '^/') <(grep -v '^/' "$work/untouched-$node") | grep '^[<>]' | grep -vE '^< *dp[0-9a-f]{11}|^< *(prog/xdp|xdp)' || true)"
    inside $node ping -c 1 -W 2 $control_address
    on $node pkill -CONT -x kubelet
    bring_masters_back
    eventually 90 ask client-2 "http://$(cluster_ip web)/hostname" || fail "client-2 is not served again"
    answered_by "$(names app=web)" k exec client-2 -- sh -c "$(requests 60 "http://$(cluster_ip web)/hostname")"
}

case_of "S11, F20: uninstalled as docs/installing.md says, each node is as it was before; installed again, it works" uninstall
uninstall() {
    local node
    bed
    # As the document says.
    kubectl delete -f "$work/dataplane.yaml" --timeout 120s
    python3 "$root/deploy/render.py" --cleanup "apiServer=https://$control_address:6443" >"$work/cleanup.yaml"
    kubectl delete pods --all-namespaces --field-selector spec.nodeName=node-1 --timeout 120s
    kubectl delete pods --all-namespaces --field-selector spec.nodeName=node-2 --timeout 120s
    kubectl apply -f "$work/cleanup.yaml"
    kubectl --namespace kube-system rollout status daemonset dataplane-cleanup --timeout 120s
    kubectl --namespace kube-system logs -l app.kubernetes.io/name=dataplane-cleanup -c cleanup --tail 100 | grep 'removed XDP program\|removed host port' || true
    kubectl delete -f "$work/cleanup.yaml" --timeout 60s
    for node in "${nodes[@]}"; do
        eventually 30 is_untouched "$node" || fail "$node: $(diff "$work/untouched-$node" <(untouched "$node") || true)"
        inside "$node" ping -c 1 -W 2 $control_address
    done
    eventually 60 kubectl wait --for=condition=Ready=False node --all --timeout 1s || fail "nodes without a plugin are Ready"

    install_dataplane
    namespace=shop
    k rollout status deployment web --timeout 120s
    client client-3 node-1
    all_ready
    answered_by "$(names app=web)" k exec client-3 -- sh -c "$(requests 60 "http://$(cluster_ip web)/hostname")"
    kubectl --namespace kube-system rollout status deployment minidns --timeout 60s
}
is_untouched() { diff "$work/untouched-$1" <(untouched "$1"); }
