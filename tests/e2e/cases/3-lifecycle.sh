# What happens around pods: probes, restarts of ours, and the end of everything.

case_of "S45: the connectivity check: every deployment, each with a probe of what it asks for, is ready within a minute" connectivity_check
connectivity_check() {
    namespace s45
    k apply -f "$e2e/manifests/connectivity-check.yaml"
    eventually 60 all_available || fail "not ready: $(k get deployments --no-headers | awk '$4 == 0 { print $1 }' | xargs)"
    kubectl delete namespace s45 --wait=false
}
all_available() { k wait --for condition=Available deployment --all --timeout 1s; }

case_of "F3: replacing the dataplane on every node under traffic: pods stay as they are, are served again, and their connections go on" rolling_restart
rolling_restart() {
    local before node longest
    traffic_bed
    before=$(pods_as_they_are)
    start_traffic 120 # TCP doubles its pauses, so that an absence of 30 s may be noticed to have ended after 60
    kubectl --namespace kube-system rollout restart daemonset dataplane
    kubectl --namespace kube-system rollout status daemonset dataplane --timeout 180s
    sleep 5
    for node in "${nodes[@]}"; do # what is asked last is answered, by each way
        served_again "traffic-$node" || fail "traffic-$node is not served again"
    done
    stop_traffic
    for node in "${nodes[@]}"; do
        longest=$(awk '$1 == "new" && $5 > most { most = $5 } END { print most + 0 }' "$logs/traffic-$node")
        note "pod of $node: new connections were without an answer for $longest ms at most; established ones $(awk '$1 == "established" { print $2 ": " ($4 ? "ended " $4 " time(s)" : "went on") ", " $5 " ms without an answer" }' "$logs/traffic-$node" | paste -sd';')"
        equal "established connections of the pod of $node that ended" 0 "$(awk '$1 == "established" { sum += $4 } END { print sum + 0 }' "$logs/traffic-$node")"
        [ "$longest" -le 45000 ] || fail "new connections of $node were without an answer for $longest ms"
        equal "answers of the closed server to the pod of $node" 0 "$(awk '$1 == "denied" { print $4 }' "$logs/traffic-$node")"
    done
    equal "pods" "$before" "$(pods_as_they_are)"
}
served_again() {
    answered_by "$(names app=web)" k exec "$1" -- sh -c "$(requests 60 "http://$(cluster_ip web)/hostname")"
    equal "answer at the pod's own address" far "$(ask "$1" "http://$(address_of "far"):8080/hostname")"
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
