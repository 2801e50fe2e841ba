# The demo's two machines, as network namespaces: sourced by demo.sh. Everything it makes is named dpdemo-* or lies in
# /run/dataplane-demo, so that `remove` finds all of it, also in a later run.
readonly state=/run/dataplane-demo
readonly prefix=dpdemo
readonly bin=$root/artifacts/bin

netns() { echo "/run/netns/$prefix-$1"; }

# inside NAME COMMAND...: nsenter rather than `ip netns exec`, which would hide the BPF file system.
inside() { nsenter --net="$(netns "$1")" -- "${@:2}"; }

# start NAME LOG COMMAND...: a process inside NAME that outlives this script until `remove`.
start() {
    nsenter --net="$(netns "$1")" -- setsid "${@:3}" >>"$state/$2.log" 2>&1 </dev/null &
    echo "$! $1" >>"$state/processes"
}

dpctl() { inside "$1" "$bin/dpctl" --control "unix://$state/$1/control.sock" "${@:2}"; }

# eventually SECONDS COMMAND...: repeats until it succeeds.
eventually() {
    local deadline=$((SECONDS + $1))
    until "${@:2}" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.1
    done
}

add_namespace() {
    ip netns add "$prefix-$1"
    ip -n "$prefix-$1" link set lo up
}

# The underlay: a switch between the nodes, with an MTU of 1500 and without offloads. tcpdump sees the tunnel at its ports;
# on a node XDP takes the frames before tcpdump's tap.
connect_nodes() {
    add_namespace underlay
    ip -n $prefix-underlay link add br0 type bridge
    ip -n $prefix-underlay link set br0 up
    local n
    for n in 1 2; do
        ip link add eth0 netns $prefix-node-$n type veth peer name node-$n netns $prefix-underlay
        inside node-$n ethtool -K eth0 tx off tso off gso off gro off >/dev/null
        inside underlay ethtool -K node-$n tx off tso off gso off gro off >/dev/null
        ip -n $prefix-underlay link set node-$n master br0 up
        inside node-$n sysctl -qw net.ipv4.ip_forward=1 # as every node of Kubernetes has it
        ip -n $prefix-node-$n address add 192.168.77.$n/24 dev eth0
        ip -n $prefix-node-$n link set eth0 up
    done
}

start_node() { # number
    local name=node-$1
    mkdir -p "$state/$name"
    start "$name" "$name-dataplane" "$bin/dataplane" run --node-name "$name" --node-ip "192.168.77.$1" --uplink eth0 \
        --pod-cidr "10.244.$1.0/24" --cluster-cidr 10.244.0.0/16 --service-cidr 10.96.0.0/16 --routing vxlan \
        --control "unix://$state/$name/control.sock" --state-dir "$state/$name" --metrics-listen 127.0.0.1:9962
    start "$name" "$name-agent" "$bin/dataplane-agent" run --node-name "$name" \
        --control "unix://$state/$name/control.sock" --manifests "$state/manifests"
}

node_is_ready() { inside "$1" curl -sf --max-time 2 http://127.0.0.1:9962/readyz; }

# add_pod NODE-NUMBER NAME ADDRESS APP: what a Pod object and the CNI plugin are to a real node.
add_pod() {
    add_namespace "$2"
    cat >"$state/manifests/pod-$2.yaml" <<POD
apiVersion: v1
kind: Pod
metadata:
  namespace: shop
  name: $2
  labels:
    app: $4
spec:
  nodeName: node-$1
  containers:
  - name: main
status:
  phase: Running
  podIP: $3
  conditions:
  - type: Ready
    status: "True"
POD
    dpctl "node-$1" endpoint add --pod "shop/$2" --ip "$3" --netns "$(netns "$2")" >/dev/null
}

endpoints_are_ready() { # node, number
    [ "$(dpctl "$1" endpoint list -o json | grep -c '"state": *"ready"')" = "$2" ]
}

is_up() { [ -d "$state" ] || ls /run/netns/$prefix-* >/dev/null 2>&1; }

# Ends the processes first, so that the dataplane can put things back, then removes the namespaces.
remove() {
    local pid name signal
    for signal in TERM KILL; do
        [ -e "$state/processes" ] || break
        while read -r pid name; do
            # Only if it is still ours: a process id may belong to another program by now.
            [ "$(ip netns identify "$pid" 2>/dev/null)" != "$prefix-$name" ] || kill -"$signal" "$pid" 2>/dev/null || true
        done <"$state/processes"
        eventually 5 all_have_ended || true
    done
    for name in /run/netns/$prefix-*; do
        [ ! -e "$name" ] || ip netns del "${name##*/}"
    done
    rm -rf "$state"
}

all_have_ended() {
    local pid name
    while read -r pid name; do
        [ "$(ip netns identify "$pid" 2>/dev/null)" != "$prefix-$name" ] || return 1
    done <"$state/processes"
}
