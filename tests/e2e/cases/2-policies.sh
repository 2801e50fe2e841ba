# NetworkPolicies, enforced on both nodes. Each case has a namespace of its own, with a web server on node-1 and clients on both nodes.

policy_bed() {
    namespace "$1"
    server web node-1
    client near node-1
    client far node-2
    k expose pod web --port 80 --target-port 8080
    all_ready
    web="http://$(cluster_ip web)/hostname"
    eventually 10 ask near "$web" || fail "without a policy there is no answer"
    eventually 10 ask far "$web" || fail "without a policy there is no answer across nodes"
}

case_of "S35: web-deny-all stops everybody silently, shows as drop, and is gone when deleted" web_deny_all
web_deny_all() {
    policy_bed s35
    apply <<'POLICY'
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata:
  name: web-deny-all
spec:
  podSelector:
    matchLabels:
      app: web
  ingress: []
POLICY
    times_out near "$web"
    times_out far "$web"
    dpctl node-1 drops | grep PolicyDenied
    k delete networkpolicy web-deny-all
    sleep 2
    equal "answer" web "$(ask near "$web")"
    equal "answer" web "$(ask far "$web")"
}

case_of "S36: default-deny isolates all pods of its namespace against what comes in, and nothing else" default_deny
default_deny() {
    policy_bed s36
    kubectl create namespace s36-other
    apply <<'POLICY'
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata:
  name: default-deny
spec:
  podSelector:
    matchLabels: {}
POLICY
    times_out near "$web"
    times_out far "$web"
    # What the isolated pods ask for, of DNS and of others, is not restricted.
    equal "name" "$(cluster_ip web)" "$(k exec far -- getent ahostsv4 web | awk '{ print $1 }' | sort -u)"
    equal "answer of the API server" ok "$(k exec far -- curl -sSk --max-time 3 https://kubernetes.default.svc/livez)"
    # Probes of a kubelet come from the pod's own node.
    equal "answer to node-1" web "$(inside node-1 curl -sS --max-time 3 "http://$(address_of web):8080/hostname")"
}

case_of "S37: with default-deny, access-nginx lets in the pods of its selector and no others" access_nginx
access_nginx() {
    policy_bed s37
    client access node-2 run=access
    client access1 node-2 run=access1
    all_ready
    apply <<'POLICY'
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata:
  name: default-deny
spec:
  podSelector:
    matchLabels: {}
---
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata:
  name: access-nginx
spec:
  podSelector:
    matchLabels:
      app: web
  ingress:
    - from:
      - podSelector:
          matchLabels:
            run: access
POLICY
    equal "answer" web "$(ask access "$web")"
    times_out access1 "$web"
    times_out near "$web"
    # Labels count as they are now.
    k label pod access1 run=access --overwrite
    sleep 2
    equal "answer" web "$(ask access1 "$web")"
}

case_of "P10: a namespace is let in by its labels, when it gets them and no longer when it loses them" from_namespace
from_namespace() {
    local asked
    policy_bed p10-web
    asked=$web
    apply <<'POLICY'
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata:
  name: from-production
spec:
  podSelector:
    matchLabels:
      app: web
  ingress:
    - from:
      - namespaceSelector:
          matchLabels:
            purpose: production
POLICY
    times_out far "$asked"
    namespace p10-prod
    client guest node-2
    all_ready
    times_out guest "$asked"
    kubectl label namespace p10-prod purpose=production
    sleep 2
    equal "answer" web "$(ask guest "$asked")"
    kubectl label namespace p10-prod purpose-
    sleep 2
    times_out guest "$asked"
}

case_of "P14, P18: a port is the pod's own, of its protocol; other ports stay closed" by_port
by_port() {
    policy_bed p14
    server other node-1 app=other 9090
    all_ready
    equal "answer by UDP before the policy" web "$(ask_udp far "$(address_of web)")"
    apply <<'POLICY'
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata:
  name: only-8080
spec:
  podSelector:
    matchExpressions:
    - {key: app, operator: In, values: [web, other]}
  ingress:
    - ports:
      - port: 8080
        protocol: TCP
POLICY
    equal "answer through the service, port 80" web "$(ask far "$web")"
    equal "answer at the pod" web "$(ask near "http://$(address_of web):8080/hostname")"
    times_out far "http://$(address_of other):9090/hostname"
    equal "answer by UDP" "" "$(ask_udp far "$(address_of web)" || true)"
}

case_of "P32: deny-all egress with DNS allowed: names are found, connections are not made" egress
egress() {
    policy_bed p32
    apply <<'POLICY'
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata:
  name: only-dns
spec:
  podSelector:
    matchLabels:
      run: far
  policyTypes: [Egress]
  egress:
    - ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
      to:
      - namespaceSelector: {}
        podSelector:
          matchLabels:
            k8s-app: kube-dns
POLICY
    equal "name" "$(cluster_ip web)" "$(k exec far -- getent ahostsv4 web | awk '{ print $1 }' | sort -u)"
    times_out far "$web"
    times_out far "https://$control_address:6443/livez"
    equal "answer to others" web "$(ask near "$web")"
    k delete networkpolicy only-dns
    sleep 2
    equal "answer" web "$(ask far "$web")"
}

case_of "P13: egress to a block of addresses, without an exception in it" egress_block
egress_block() {
    policy_bed p13
    server excepted node-1 app=excepted
    all_ready
    apply <<POLICY
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata:
  name: block
spec:
  podSelector:
    matchLabels:
      run: far
  policyTypes: [Egress]
  egress:
    - to:
      - ipBlock:
          cidr: $pod_cidr
          except: [$(address_of excepted)/32]
POLICY
    equal "answer" web "$(ask far "$web")"
    times_out far "http://$(address_of excepted):8080/hostname"
    times_out far "https://$control_address:6443/livez"
}

case_of "S40: ingress on 6379 from role=frontend, egress to all" allow_6379
allow_6379() {
    namespace s40
    server database node-1 role=database 6379
    client frontend node-2 role=frontend
    client stranger node-2
    all_ready
    apply <<'POLICY'
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata:
  name: allow-tcp-6379
spec:
  podSelector:
    matchLabels:
      role: database
  policyTypes: [Ingress, Egress]
  ingress:
    - from:
      - podSelector:
          matchLabels:
            role: frontend
      ports:
      - port: 6379
        protocol: TCP
  egress:
    - {}
POLICY
    equal "answer" database "$(ask frontend "http://$(address_of database):6379/hostname")"
    times_out stranger "http://$(address_of database):6379/hostname"
    equal "what the database asks for" ok "$(k exec database -- curl -sSk --max-time 3 https://kubernetes.default.svc/livez)"
}

case_of "P27: a pod that starts under a policy is never open, not for its first connection either" from_the_first_instant
from_the_first_instant() {
    policy_bed p27
    apply <<'POLICY'
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata:
  name: closed
spec:
  podSelector:
    matchLabels:
      closed: "yes"
  policyTypes: [Egress]
POLICY
    local n
    # The container's first act is to ask; without a policy in force it would be answered.
    for n in 1 2 3 4; do
        k run "eager-$n" --image $image --image-pull-policy Never --labels closed=yes --restart Never --command -- \
            curl -sS --max-time 1 "http://$(address_of web):8080/hostname"
        k run "free-$n" --image $image --image-pull-policy Never --restart Never --command -- \
            curl -sS --max-time 3 "http://$(address_of web):8080/hostname"
    done
    for n in 1 2 3 4; do
        eventually 30 ended "eager-$n" Failed || fail "eager-$n was answered: $(k logs "eager-$n")"
        eventually 30 ended "free-$n" Succeeded || fail "free-$n was not answered: $(k logs "free-$n")"
        k logs "eager-$n" | grep -i 'timed out'
    done
}
ended() { [ "$(k get pod "$1" -o 'jsonpath={.status.phase}')" = "$2" ]; }
