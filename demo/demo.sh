#!/usr/bin/env bash
# The main job of the project on real traffic, in a minute. `./build.sh demo` installs, builds and calls this.
# usage: demo.sh [--keep | --down]
# Every step checks what it shows: the exit code is 0 only if all of it is true.
set -euo pipefail
readonly root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=demo/testbed.sh
source "$root/demo/testbed.sh"

readonly service=10.96.0.80
keep=
current="start"

step() { current=$1; printf '\n\033[1m== %s\033[0m\n' "$1"; }
show() { printf '   %s\n' "$@"; }
shows() { sed 's/^/   /'; }                       # the output of a command, indented
typed() { printf '   [%s] $ %s\n' "$1" "${*:2}"; } # what one would type there
die() { printf 'demo: %s\n' "$*" >&2; exit 1; }

on_exit() {
    local code=$?
    trap - EXIT INT TERM
    if [ "$code" -ne 0 ]; then
        printf '\ndemo: FAILED at step: %s\n' "$current" >&2
        tail -n 25 "$state"/node-*.log >&2 || true
    fi
    if [ "$code" -eq 0 ] && [ -n "$keep" ]; then
        explain
    else
        remove
        [ "$code" -ne 0 ] || printf '\nEverything shown was checked, and all of it is taken down. Once more with --keep to look around.\n'
    fi
    exit "$code"
}

set_up_nodes() {
    mkdir -p "$state/manifests"
    cp "$root"/demo/manifests/*.yaml "$state/manifests/"
    add_namespace node-1
    add_namespace node-2
    connect_nodes
    start_node 1
    start_node 2
    eventually 20 node_is_ready node-1 || die "node-1 did not become ready"
    eventually 20 node_is_ready node-2 || die "node-2 did not become ready"
    show "node-1  192.168.77.1  pods 10.244.1.0/24" "node-2  192.168.77.2  pods 10.244.2.0/24"
}

set_up_pods() {
    add_pod 1 client 10.244.1.10 customer
    add_pod 1 web-1 10.244.1.11 web
    add_pod 1 web-2 10.244.1.12 web
    add_pod 2 stranger 10.244.2.10 passer-by
    add_pod 2 web-3 10.244.2.11 web
    add_pod 2 web-4 10.244.2.12 web
    local n
    for n in 1 2 3 4; do
        start web-$n web-$n python3 "$root/demo/web.py" web-$n
    done
    eventually 20 endpoints_are_ready node-1 3 || die "the pods of node-1 did not become ready"
    eventually 20 endpoints_are_ready node-2 3 || die "the pods of node-2 did not become ready"
    for n in 1 2 3 4; do
        eventually 10 inside web-$n curl -s --max-time 1 http://127.0.0.1:8080/ || die "the server of web-$n did not start"
        : >"$state/web-$n.log"
    done
    typed node-1 dpctl endpoint list
    dpctl node-1 endpoint list | shows
}

# balanced FROM COUNT: every request is answered, by every pod behind the service.
balanced() {
    local answers n
    typed "$1" curl "http://$service/" "# $2 times"
    answers=$(for ((n = 0; n < $2; n++)); do inside "$1" curl -sS --max-time 3 "http://$service/"; done || true)
    [ "$(wc -l <<<"$answers")" -eq "$2" ] || die "only $(wc -l <<<"$answers") of $2 requests from $1 were answered"
    sort <<<"$answers" | uniq -c | shows
    for n in 1 2 3 4; do
        grep -q "^web-$n greets" <<<"$answers" || die "web-$n answered none of $2 requests"
    done
}

# seen_as ADDRESS: the servers on both nodes logged this client and no other; then the logs start afresh.
seen_as() {
    local n
    show "web-1 and web-3 log:"
    tail -qn 1 "$state/web-1.log" "$state/web-3.log" | shows
    for n in 1 2 3 4; do
        grep -q "^$1 " "$state/web-$n.log" || die "web-$n has no request from $1 in its log"
        ! grep -v "^$1 " "$state/web-$n.log" || die "web-$n has a request from another address than $1 in its log"
        : >"$state/web-$n.log"
    done
}

answered() { inside "$1" curl -sS --max-time 2 "http://$service/"; }

times_out() { # curl's exit code 28 is a timeout; a refused connection would be 7
    local code=0
    inside "$1" curl -s --max-time 1 "http://$service/" >/dev/null || code=$?
    [ "$code" -eq 28 ]
}

all_time_out() { times_out "$1" && times_out "$1" && times_out "$1" && times_out "$1"; }

apply_policy() {
    answered stranger | shows || die "without a policy the stranger must be answered"
    local node
    for node in node-1 node-2; do
        start $node $node-observe "$bin/dpctl" --control "unix://$state/$node/control.sock" observe --drops --pod shop/stranger
    done
    show "" "kubectl apply -f policy.yaml would do this; the agents watch a directory:"
    typed host cp demo/policy.yaml "$state/manifests/"
    cp "$root/demo/policy.yaml" "$state/manifests/"
    eventually 15 all_time_out stranger || die "the policy did not stop the stranger"
    typed stranger curl --max-time 1 "http://$service/"
    inside stranger curl -sS --max-time 1 "http://$service/" 2>&1 | shows || true
    typed client curl "http://$service/"
    answered client | shows || die "the policy allows the client, but it was not answered"
}

drop_is_observed() { grep -hq 'PolicyDenied DROPPED' "$state"/node-*-observe.log; }

show_drop() {
    typed node dpctl observe --drops --pod shop/stranger
    eventually 5 drop_is_observed || die "dpctl observe shows no drop by policy"
    grep -h 'PolicyDenied DROPPED' "$state"/node-*-observe.log | tail -n 2 | shows
}

show_status() {
    typed node-1 dpctl status
    dpctl node-1 status | shows
    local node
    for node in node-1 node-2; do
        dpctl $node status | grep -q '^State: *ready' || die "$node is not ready"
    done
}

show_metrics() {
    local page
    typed node-2 curl http://127.0.0.1:9962/metrics
    page=$(inside node-2 curl -sSf --max-time 3 http://127.0.0.1:9962/metrics)
    grep -E '^dataplane_(endpoints|services|conntrack_entries|state_generation)' <<<"$page" | shows
    grep -E '^dataplane_port_rx_packets_total.*kind="uplink"' <<<"$page" | shows || die "no packets of the uplink are counted"
    cat <(inside node-1 curl -sSf --max-time 3 http://127.0.0.1:9962/metrics) <(echo "$page") |
        grep -E '^dataplane_drops_total.*reason="PolicyDenied".* [1-9]' | sort -u | shows || die "no drop by policy is counted"
}

remove_policy() {
    typed host rm "$state/manifests/policy.yaml"
    rm "$state/manifests/policy.yaml"
    eventually 10 answered stranger || die "the policy is gone, but the stranger is not answered"
    answered stranger | shows
}

explain() {
    cat <<TEXT

It stays up. To look around:
  nsenter --net=$(netns client) curl http://$service/            # as a pod: client, stranger, web-1 ... web-4
  nsenter --net=$(netns node-1) ip address                # as a node: node-1, node-2
  nsenter --net=$(netns underlay) tcpdump -ni node-1 udp port 4789   # the tunnel, at the switch
  $bin/dpctl --control unix://$state/node-1/control.sock status
  $bin/dpctl --control unix://$state/node-1/control.sock observe
  cp $root/demo/policy.yaml $state/manifests/     # the agents follow this directory
Logs are in $state. To take it down: ./build.sh demo --down
TEXT
}

main() {
    case ${1:-} in
        --down) remove; echo "demo: down"; return ;;
        --keep) keep=1 ;;
        "") ;;
        *) printf 'usage: demo.sh [--keep | --down]\n' >&2; exit 2 ;;
    esac
    ! is_up || die "a demo is up already (or was cut off): take it down with ./build.sh demo --down"
    trap on_exit EXIT
    trap 'exit 130' INT TERM

    step "Two nodes, joined by a switch; on each a dataplane and an agent"
    set_up_nodes
    step "Three pods on each"
    set_up_pods
    step "A pod asks a ClusterIP: pods on both nodes answer, and see the client's own address"
    balanced client 40
    seen_as 10.244.1.10
    step "The node itself asks the same ClusterIP"
    balanced node-1 40
    seen_as 10.244.1.1
    step "A NetworkPolicy: only customers may reach the web pods"
    apply_policy
    step "The drop, with its reason"
    show_drop
    step "What the dataplane says of itself"
    show_status
    step "A few metrics"
    show_metrics
    step "Without the policy the stranger is served again"
    remove_policy
}

main "$@"
