# What happens around pods: probes, restarts of ours, and the end of everything.

case_of "S45: the connectivity check: every deployment, each with a probe of what it asks for, is ready within a minute" connectivity_check
connectivity_check() {
    namespace s45
    k apply -f "$e2e/manifests/connectivity-check.yaml"
    eventually 60 all_available || fail "not ready: $(k get deployments --no-headers | awk '$4 == 0 { print $1 }' | xargs)"
    kubectl delete namespace s45 --wait=false
}
all_available() { k wait --for condition=Available deployment --all --timeout 1s; }

case_of "replacing the dataplane on every node under traffic: pods stay as they are, and are served again" rolling_restart
rolling_restart() {
    bed
    local before longest from
    before=$(k get pods -o wide --sort-by .metadata.name --no-headers | awk '{ print $1, $3, $4, $6, $7 }')
    for from in client-1 client-2; do # a line per request, some ten in a second
        k exec $from -- sh -c "for n in \$(seq 400); do curl -s --max-time 1 -o /dev/null http://$(cluster_ip web)/hostname && echo ok || echo lost; sleep 0.1; done" \
            >"$logs/restart-$from.txt" &
    done
    sleep 2
    kubectl --namespace kube-system rollout restart daemonset dataplane
    kubectl --namespace kube-system rollout status daemonset dataplane --timeout 120s
    wait
    for from in client-1 client-2; do
        longest=$(uniq -c "$logs/restart-$from.txt" | awk '$2 == "lost" && $1 > most { most = $1 } END { print most + 0 }')
        echo "$from: $(grep -c lost "$logs/restart-$from.txt" || true) of 400 requests lost, at most $longest in a row"
        [ "$longest" -le 30 ] || fail "$from lost $longest requests in a row"
        equal "the last requests of $from" ok "$(tail -n 50 "$logs/restart-$from.txt" | sort -u)"
    done
    equal "pods" "$before" "$(k get pods -o wide --sort-by .metadata.name --no-headers | awk '{ print $1, $3, $4, $6, $7 }')"
}

case_of "policies stay in force while the agent is gone, and while the dataplane is replaced" policy_through_restart
policy_through_restart() {
    namespace held
    server web node-1
    client near node-1
    client far node-2
    all_ready
    apply <<'POLICY'
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata:
  name: deny
spec:
  podSelector:
    matchLabels:
      app: web
POLICY
    local from
    for from in near far; do
        k exec $from -- sh -c "for n in \$(seq 80); do curl -s --max-time 0.3 -o /dev/null http://$(address_of web):8080/hostname && echo answered; done; echo end" \
            >"$logs/held-$from.txt" &
    done
    kubectl --namespace kube-system rollout restart daemonset dataplane
    kubectl --namespace kube-system rollout status daemonset dataplane --timeout 120s
    wait
    for from in near far; do
        equal "answers to $from" end "$(cat "$logs/held-$from.txt")"
    done
}

case_of "a node's processes killed and started again: its pods are served again" killed
killed() {
    bed
    local node=node-1 pod before
    pod=$(kubectl --namespace kube-system get pods -l app.kubernetes.io/name=dataplane --field-selector spec.nodeName=$node -o 'jsonpath={.items[0].metadata.name}')
    before=$(on $node pgrep -xn dataplane)
    on $node kill -KILL "$before"
    eventually 60 started_again $node "$before" || fail "the dataplane was not started again"
    kubectl --namespace kube-system wait --for condition=Ready "pod/$pod" --timeout 60s
    eventually 10 ask client-1 "http://$(cluster_ip web)/hostname" || fail "client-1 is not served"
    answered_by "$(names app=web)" k exec client-1 -- sh -c "$(requests 60 "http://$(cluster_ip web)/hostname")"
}
started_again() {
    local now
    now=$(on "$1" pgrep -xn dataplane) && [ "$now" != "$2" ]
}

case_of "everything deleted: no endpoint, service, policy, interface, namespace or address is left on the nodes" nothing_left
nothing_left() {
    remove_namespaces
    kubectl delete -f "$e2e/manifests/dns.yaml" --timeout 60s
    local node
    for node in "${nodes[@]}"; do
        eventually 30 is_as_before "$node" || fail "$node: $(diff "$work/traces-$node" <(traces "$node") || true)"
    done
    kubectl apply -f "$e2e/manifests/dns.yaml"
    kubectl --namespace kube-system rollout status deployment minidns --timeout 60s
}
is_as_before() { diff "$work/traces-$1" <(traces "$1"); }
