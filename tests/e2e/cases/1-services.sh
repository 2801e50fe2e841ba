# Nodes, pods and services. Most cases share one bed, the namespace `shop`: four web servers on both nodes, and a client on each.

case_of "nodes are Ready, and nothing of kube-proxy is in their netfilter" nodes_ready
nodes_ready() {
    local node
    kubectl wait --for condition=Ready node --all --timeout 60s
    for node in "${nodes[@]}"; do
        equal "chains of $node" "" "$(inside "$node" iptables-save | grep KUBE || true)"
    done
}

case_of "deploy/dataplane.yaml is what the chart renders" rendered
rendered() { python3 "$root/deploy/render.py" --check; }

bed() {
    namespace=shop
    ! kubectl get namespace shop >/dev/null 2>&1 || return 0
    namespace shop
    k create deployment web --image $image -- /agnhost netexec
    k expose deployment web --port 80 --target-port 8080
    k scale deployment web --replicas 4
    client client-1 node-1
    client client-2 node-2
    k rollout status deployment web --timeout 60s
    all_ready
}

case_of "S34: create, expose and scale; pods on both nodes, reached by the service's name" run_expose_scale
run_expose_scale() {
    bed
    equal "nodes of the pods" "node-1 node-2" "$(k get pods -l app=web -o 'jsonpath={range .items[*]}{.spec.nodeName}{"\n"}{end}' | sort -u | xargs)"
    k run test --image $image --image-pull-policy Never --restart Never --rm --attach --command -- curl -sS --max-time 5 --write-out '\n' http://web/hostname | tee "$logs/answer"
    grep -qF "$(grep -o 'web-[0-9a-z]*-[0-9a-z]*' "$logs/answer" | head -1)" <<<"$(names app=web)"
}

case_of "every pod reaches every pod, on its own node and on the other one" pod_to_pod
pod_to_pod() {
    bed
    local from to
    for from in $(names app=web) client-1 client-2; do
        for to in $(names app=web); do
            equal "answer of $to to $from" "$to" "$(ask "$from" "http://$(address_of "$to"):8080/hostname")"
        done
    done
}

case_of "pods see each other's own addresses" source_address
source_address() {
    bed
    local from to
    for from in client-1 client-2; do
        for to in $(names app=web); do
            equal "client seen by $to" "$(address_of $from)" "$(ask $from "http://$(address_of "$to"):8080/clientip" | cut -d: -f1)"
        done
        equal "client seen behind the ClusterIP" "$(address_of $from)" "$(ask $from "http://$(cluster_ip web)/clientip" | cut -d: -f1)"
    done
}

case_of "ClusterIP from pods: each of the four backends answers" cluster_ip_from_pod
cluster_ip_from_pod() {
    bed
    local from
    for from in client-1 client-2; do
        answered_by "$(names app=web)" k exec $from -- sh -c "$(requests 60 "http://$(cluster_ip web)/hostname")"
    done
}

case_of "ClusterIP from a backend of it: itself included" hairpin
hairpin() {
    bed
    local backend
    backend=$(names app=web | head -1)
    answered_by "$(names app=web)" k exec "$backend" -- sh -c "$(requests 60 "http://$(cluster_ip web)/hostname")"
}

case_of "ClusterIP from the nodes themselves" cluster_ip_from_node
cluster_ip_from_node() {
    bed
    local node
    for node in "${nodes[@]}"; do
        answered_by "$(names app=web)" inside "$node" sh -c "$(requests 60 "http://$(cluster_ip web)/hostname")"
    done
}

case_of "S30: NodePort on every node, from outside, also on nodes without a pod of it" node_port_everywhere
node_port_everywhere() {
    bed
    k expose deployment web --name web-node --type NodePort --port 80 --target-port 8080
    server lonely node-1 app=lonely
    k expose pod lonely --type NodePort --port 80 --target-port 8080
    all_ready
    eventually 5 curl_node_port node-2 lonely || fail "node-2 does not serve the new node port"
    local node
    for node in "${nodes[@]}"; do
        answered_by "$(names app=web)" inside $outside sh -c "$(requests 60 "http://$(node_address "$node"):$(node_port web-node)/hostname")"
        equal "answer at $node" lonely "$(curl_node_port "$node" lonely)"
        equal "answer at $node to a pod" lonely "$(ask client-1 "http://$(node_address "$node"):$(node_port lonely)/hostname")"
    done
}
curl_node_port() { inside $outside curl -sS --max-time 2 "http://$(node_address "$1"):$(node_port "$2")/hostname"; }

case_of "S31: the service kubernetes: pods reach the API server by name, with its certificate" api_from_pod
api_from_pod() {
    bed
    local from
    for from in client-1 client-2; do
        k exec $from -- sh -c 'cd /var/run/secrets/kubernetes.io/serviceaccount
            curl -sS --max-time 5 --cacert ca.crt -H "Authorization: Bearer $(cat token)" https://kubernetes.default.svc/version' | grep gitVersion
    done
    equal "answer to node-1" ok "$(inside node-1 curl -sSk --max-time 5 "https://${service_cidr%.*}.1/livez")"
}

case_of "S31: cluster DNS by UDP and by TCP at one address" dns
dns() {
    bed
    local from options
    for from in client-1 client-2; do
        for options in ndots:5 use-vc; do
            equal "web for $from with $options" "$(cluster_ip web)" \
                "$(k exec $from -- env RES_OPTIONS=$options getent ahostsv4 web.shop.svc.cluster.local | awk '{ print $1 }' | sort -u)"
        done
        equal "kubernetes.default for $from" "${service_cidr%.*}.1" "$(k exec $from -- getent ahostsv4 kubernetes.default | awk '{ print $1 }' | sort -u)"
    done
}

case_of "S32: a headless service is a name for its pods, and nothing in the dataplane" headless
headless() {
    bed
    k expose deployment web --name web-headless --cluster-ip None --port 8080
    local addresses
    addresses=$(k get pods -l app=web -o 'jsonpath={range .items[*]}{.status.podIP}{"\n"}{end}' | sort)
    eventually 10 k exec client-1 -- getent ahostsv4 web-headless || fail "the name is not known"
    equal "addresses" "$addresses" "$(k exec client-1 -- getent ahostsv4 web-headless | awk '{ print $1 }' | sort -u)"
    ask client-1 http://web-headless:8080/hostname | grep -F "$(names app=web)"
    equal "entries of node-1" "" "$(dpctl node-1 service list | grep web-headless || true)"
}

case_of "S33: an address in status.loadBalancer is served to hosts outside" load_balancer
load_balancer() {
    bed
    local address=192.0.2.10 path=/api/v1/namespaces/shop/services/web-balanced
    k expose deployment web --name web-balanced --type LoadBalancer --port 80 --target-port 8080
    kubectl get --raw $path | python3 -c "import json, sys
service = json.load(sys.stdin)
service['status'] = {'loadBalancer': {'ingress': [{'ip': '$address'}]}}
json.dump(service, sys.stdout)" | kubectl replace --raw $path/status -f - >/dev/null
    inside $outside ip route replace $address via "$(node_address node-2)"
    eventually 5 inside $outside curl -sS --max-time 1 http://$address/hostname || fail "no answer at $address"
    answered_by "$(names app=web)" inside $outside sh -c "$(requests 60 http://$address/hostname)"
}

case_of "a service whose last pod goes refuses; with a pod again it answers" scale_to_nothing
scale_to_nothing() {
    bed
    k create deployment flaky --image $image -- /agnhost netexec
    k expose deployment flaky --port 80 --target-port 8080
    k rollout status deployment flaky --timeout 60s
    eventually 5 ask client-2 http://flaky/hostname || fail "no answer of the first pod"
    k scale deployment flaky --replicas 0
    k wait --for delete pod -l app=flaky --timeout 60s || true
    eventually 10 is_refused client-2 "http://$(cluster_ip flaky)/hostname" || fail "connections are not refused"
    k scale deployment flaky --replicas 1
    k rollout status deployment flaky --timeout 60s
    eventually 10 ask client-2 http://flaky/hostname || fail "no answer of the new pod"
}

case_of "hostPort: a pod's port at its node's address" host_port
host_port() {
    bed
    k run hosted --image $image --restart Never --overrides "{\"spec\":{\"nodeName\":\"node-1\",\"containers\":[{\"name\":\"hosted\",
        \"image\":\"$image\",\"args\":[\"netexec\"],\"ports\":[{\"containerPort\":8080,\"hostPort\":8088}]}]}}"
    all_ready
    eventually 5 inside $outside curl -sS --max-time 1 "http://$(node_address node-1):8088/hostname" || fail "no answer from outside"
    equal "answer to a pod of the other node" hosted "$(ask client-2 "http://$(node_address node-1):8088/hostname")"
}

case_of "kubectl logs, exec and port-forward" tools
tools() {
    bed
    local backend forwarding
    backend=$(names app=web | head -1)
    k logs "$backend" | grep -i 'started http server'
    equal "host name" "$backend" "$(k exec "$backend" -- hostname)"
    # Not by `k`: the process to end is kubectl itself.
    nsenter --net="$(netns control)" -- "$kubernetes/bin/kubectl" --kubeconfig "$pki/admin.kubeconfig" -n shop port-forward "$backend" 18080:8080 &
    forwarding=$!
    eventually 10 inside $outside curl -sS --max-time 1 http://127.0.0.1:18080/hostname || { kill $forwarding; fail "no answer by the forwarded port"; }
    kill $forwarding
}
