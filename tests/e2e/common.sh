# What all scripts of this folder share; sourced after `root` is set to the repository.
# A run of the tests is one cluster: two nodes and a control plane. Its network namespaces and cgroups are named dpe2e-*, what must be put
# back is noted in /run/dataplane-e2e, so that `remove` finds all of it in a later run as well.
readonly e2e=$root/tests/e2e
readonly bin=$root/artifacts/bin
readonly cache=${DATAPLANE_E2E_CACHE:-$root/artifacts/e2e-cache}
readonly kubernetes=$cache/kubernetes
readonly work=$root/artifacts/e2e
readonly logs=$work/logs
readonly state=/run/dataplane-e2e
readonly prefix=dpe2e
readonly nodes=(node-1 node-2)
readonly control_address=172.30.0.1
readonly pod_cidr=10.244.0.0/16
readonly service_cidr=10.96.0.0/16
readonly dns_address=10.96.0.10
readonly not_ready_taint=dataplane.dev/agent-not-ready
readonly multiarch=$(uname -m)-linux-gnu
readonly debian=$kubernetes/debian

say() { printf '== %s\n' "$*"; }
warn() { printf 'e2e: %s\n' "$*" >&2; }
die() { warn "$*"; exit 1; }
cannot() { warn "cannot run here: $*"; exit 77; }

node_address() { echo "172.30.0.1${1#node-}"; }

netns() { echo "/run/netns/$prefix-$1"; }

# inside NAME COMMAND...: in a network namespace only. nsenter rather than `ip netns exec`, which would hide /sys/fs/cgroup.
inside() { nsenter --net="$(netns "$1")" -- "${@:2}"; }

# on NODE COMMAND...: as a shell on that node would run it, with its mounts, processes and network.
on() {
    local leader
    leader=$(cat "$state/$1.leader") || return 1
    nsenter --target "$leader" --mount --uts --net --pid -- "${@:2}"
}

kubectl() { inside control "$kubernetes/bin/kubectl" --kubeconfig "$work/pki/admin.kubeconfig" --cache-dir "$work/kubectl-cache" "$@"; }

dpctl() { on "$1" "$bin/dpctl" "${@:2}"; }

# eventually SECONDS COMMAND...: repeats until it succeeds.
eventually() {
    local deadline=$((SECONDS + $1))
    until "${@:2}" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.2
    done
}

milliseconds() { date +%s%3N; }
