# Something is away, for $away seconds, and nobody notices: new connections, established ones and policies go on by the last state (F1, F6, F7).
# Traffic is made by pods themselves (traffic.sh), without the API server and the kubelet.

# A bed with traffic-node-1 and traffic-node-2, which wait to be started; `web` on both nodes, `far` alone, and `closed`, which a policy closes.
traffic_bed() {
    namespace=traffic
    ! kubectl get namespace traffic >/dev/null 2>&1 || return 0
    namespace traffic
    k create configmap traffic --from-file "$e2e/traffic.sh"
    k create deployment web --image $image -- /agnhost netexec
    k scale deployment web --replicas 4
    k expose deployment web --port 80 --target-port 8080
    server far node-2 app=far
    server closed node-1 app=closed
    k apply -f - <<'POLICY'
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata:
  name: closed
spec:
  podSelector:
    matchLabels:
      app: closed
POLICY
    k rollout status deployment web --timeout 60s
    all_ready
}

# start_traffic [PATIENCE]: a pod on each node whose only process is the traffic; PATIENCE: seconds that a request on an established connection may take
start_traffic() {
    local node arguments
    traffic_patience=${1:-20}
    arguments="\"$(cluster_ip web)\",\"$(address_of far)\",\"$(address_of closed)\",\"$traffic_patience\""
    for node in "${nodes[@]}"; do
        k run "traffic-$node" --image $image --image-pull-policy Never --restart Never --overrides "{\"spec\":{\"nodeName\":\"$node\",
            \"terminationGracePeriodSeconds\":0,\"volumes\":[{\"name\":\"traffic\",\"configMap\":{\"name\":\"traffic\"}}],\"containers\":[{\"name\":\"traffic\",
            \"image\":\"$image\",\"command\":[\"bash\",\"/traffic/traffic.sh\",$arguments],\"volumeMounts\":[{\"name\":\"traffic\",\"mountPath\":\"/traffic\"}]}]}}"
    done
    k wait --for condition=Ready pod "${nodes[@]/#/traffic-}" --timeout 60s
    sleep 3
}

# Ends it; what each pod wrote goes to $logs/traffic-NODE.
stop_traffic() {
    local node
    for node in "${nodes[@]}"; do
        k exec "traffic-$node" -- touch /tmp/stop
    done
    for node in "${nodes[@]}"; do
        eventually $((traffic_patience + 40)) ended "traffic-$node" Succeeded || fail "traffic-$node did not end"
        k logs "traffic-$node" >"$logs/traffic-$node"
        k delete pod "traffic-$node"
        equal "kinds of traffic of $node" 5 "$(grep -cE '^(new|established|denied) ' "$logs/traffic-$node")"
    done
}

pods_as_they_are() { k get pods --field-selector metadata.name!=traffic-node-1,metadata.name!=traffic-node-2 -o wide --sort-by .metadata.name --no-headers | awk '{ print $1, $3, $4, $6, $7 }'; }

nothing_was_lost() {
    local node kind way ok failed longest
    for node in "${nodes[@]}"; do
        while read -r kind way ok failed longest; do
            if [ "$kind" = denied ]; then
                note "pod of $node, closed server: $ok connections tried, $failed answered"
                [ "$ok" -ge 5 ] && [ "$failed" -eq 0 ] || fail "the closed server: $failed of $ok were answered"
            else
                note "pod of $node, $kind connections by $way: $ok answered, $failed failed, $longest ms between answers at most"
                [ "$ok" -ge $((away * 2)) ] && [ "$failed" -eq 0 ] || fail "$kind connections by $way: $ok answered, $failed failed: $(grep -m 3 "$kind connection" "$logs/traffic-$node" | xargs)"
            fi
        done < <(grep -E '^(new|established|denied) ' "$logs/traffic-$node")
    done
}

# --- the agent -----------------------------------------------------------------------------------------------------------------------

# An agent that is killed is started again by its kubelet; so each is killed within a tenth of a second, before it has read anything.
take_agents_away() { # NODE...
    local node
    for node in "$@"; do
        on "$node" bash -c 'rm -f /run/agent-may-run; until [ -e /run/agent-may-run ]; do pkill -KILL -x dataplane-agent; sleep 0.1; done' &
    done
    sleep 1
}

let_agents_run() {
    local node
    for node in "${nodes[@]}"; do
        on "$node" touch /run/agent-may-run
    done
    # Kubelets wait longer after each end, five minutes at most.
    kubectl --namespace kube-system rollout status daemonset dataplane --timeout 400s
}

generation() { dpctl "$1" status | sed -n 's/^Generation: *\([0-9]*\),.*/\1/p'; }

containers_started() { # CONTAINER: how often, over all nodes
    kubectl --namespace kube-system get pods -l app.kubernetes.io/name=dataplane \
        -o "jsonpath={range .items[*].status.containerStatuses[?(@.name=='$1')]}{.restartCount}{'\n'}{end}" | awk '{ sum += $1 } END { print sum + 0 }'
}

case_of "F1, F7: the agents are away: all that is known goes on, and what is new waits until they are back" agents_away
agents_away() {
    local generations
    traffic_bed
    start_traffic
    take_agents_away "${nodes[@]}"
    generations=$(generation node-1; generation node-2)
    k expose deployment web --name web-late --port 80 --target-port 8080
    # F17: nobody takes the taint off a node whose dataplane is not looked after.
    kubectl taint node node-2 "$not_ready_taint=true:NoSchedule"
    k run late --image $image --image-pull-policy Never --restart Never --overrides '{"spec":{"nodeSelector":{"kubernetes.io/hostname":"node-2"},"terminationGracePeriodSeconds":0}}' -- pause
    sleep "$away"
    equal "generations in force" "$generations" "$(generation node-1; generation node-2)"
    equal "entries of the new service" "" "$(dpctl node-1 service list | grep web-late || true)"
    equal "taints of node-2" "$not_ready_taint:NoSchedule" "$(taints node-2)"
    equal "the pod that waits for node-2" Pending "$(k get pod late -o 'jsonpath={.status.phase}')"
    let_agents_run
    eventually 20 k exec "traffic-node-1" -- curl -sS --max-time 1 "http://$(cluster_ip web-late)/hostname" || fail "the new service is not served"
    eventually 20 has_no_taint node-2 || fail "node-2 has still: $(taints node-2)"
    k wait --for condition=Ready pod late --timeout 60s
    stop_traffic
    nothing_was_lost
    k delete pod late
    k delete service web-late
}
served_late() {
    local node
    for node in "${nodes[@]}"; do
        k exec "traffic-$node" -- curl -sS --max-time 1 "http://$(cluster_ip web-late)/hostname" || return
    done
}
has_no_taint() { [ -z "$(taints "$1")" ]; }

# --- the API server ------------------------------------------------------------------------------------------------------------------

readyz() { on "$1" curl -sS --max-time 3 http://127.0.0.1:10249/readyz; }

bring_masters_back() {
    start_masters
    eventually 60 control_plane_is_ready || fail "the API server does not come back"
    local node
    for node in "${nodes[@]}"; do
        eventually 60 node_is_ready "$node" || fail "$node does not become Ready again"
    done
}

# The DNS follows the API server by a library that waits longer and longer between tries: for a while it would answer later cases by what it knew.
restart_dns() {
    kubectl --namespace kube-system rollout restart deployment minidns
    kubectl --namespace kube-system rollout status deployment minidns --timeout 60s
}

case_of "F6, F19: the API server is away: all that is known goes on, agents are ready and say that it is stale, nothing of ours is restarted" api_server_away
api_server_away() {
    local restarts node
    traffic_bed
    restarts="$(containers_started dataplane) $(containers_started agent)"
    start_traffic
    kill_masters
    sleep "$away"
    for node in "${nodes[@]}"; do
        readyz "$node" | grep '^ok (stale: the API server is not followed for '
    done
    bring_masters_back
    k expose deployment web --name web-late --port 80 --target-port 8080
    eventually 60 k exec traffic-node-1 -- curl -sS --max-time 1 "http://$(cluster_ip web-late)/hostname" || fail "what is new is not served"
    stop_traffic
    nothing_was_lost
    equal "restarts" "$restarts" "$(containers_started dataplane) $(containers_started agent)"
    k delete service web-late
    restart_dns
}

case_of "F1, F6, F7: the API server is away, and with it the agent of one node: on both nodes all that is known goes on" both_away
both_away() {
    traffic_bed
    start_traffic
    take_agents_away node-1
    kill_masters
    sleep "$away"
    readyz node-2 | grep '^ok (stale: the API server is not followed for '
    bring_masters_back
    let_agents_run
    k expose deployment web --name web-late --port 80 --target-port 8080
    eventually 60 served_late || fail "what is new is not served"
    stop_traffic
    nothing_was_lost
    k delete service web-late
    restart_dns
}
