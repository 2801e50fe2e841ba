# The cluster from nothing to two nodes, and back: sourced by run.sh.

# Not in a namespace, and changed by kubelets: put back afterwards.
readonly changed_sysctls=(vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys kernel/keys/root_maxbytes)

save_sysctls() {
    local name
    for name in "${changed_sysctls[@]}"; do
        [ ! -e "/proc/sys/$name" ] || echo "$name $(cat "/proc/sys/$name")"
    done >"$state/sysctls.new"
    mv "$state/sysctls.new" "$state/sysctls"
}

restore_sysctls() {
    local name value
    [ -e "$state/sysctls" ] || return 0
    while read -r name value; do
        echo "$value" >"/proc/sys/$name" || warn "/proc/sys/$name could not be set to $value again"
    done <"$state/sysctls"
    rm "$state/sysctls"
}

# The folder of a cluster can be another clone's: what is in /run is true.
begin() {
    mkdir -p "$state"
    echo $$ >"$state/owner"
    echo "$work" >"$state/folder"
    rm -rf "$work"
    mkdir -p "$logs"
    save_sysctls
    begin_sampling
}

begin_sampling() {
    python3 "$e2e/memory.py" "$state" "$(netns control)" "$work/memory" >/dev/null 2>&1 </dev/null &
    echo $! >"$state/sampler"
}

start_node() {
    nsenter --net="$(netns "$1")" -- setsid unshare --mount --uts --pid --fork --kill-child --mount-proc \
        "$e2e/node.sh" "$1" >"$logs/$1.log" 2>&1 </dev/null &
    disown # the shell is not to tell of its end
    eventually 10 note_leader "$1" $! || die "$1 did not start"
}

# The process that others enter to be on the node: the child of unshare that has another process namespace. nsenter and setsid become unshare,
# so its id is known.
note_leader() {
    local child namespace
    for child in $(cat "/proc/$2/task/$2/children"); do
        namespace=$(readlink "/proc/$child/ns/pid") && [ "$namespace" != "$(readlink /proc/self/ns/pid)" ] || continue
        echo "$child" >"$state/$1.leader"
        return
    done
    return 1
}

node_is_registered() { [ -n "$(kubectl get node "$1" -o 'jsonpath={.spec.podCIDR}')" ]; }

node_is_ready() { kubectl wait --for=condition=Ready "node/$1" --timeout 1s; }

has_images() { on "$1" test -e /run/images-are-there; }

start_cluster() {
    local began node
    began=$(milliseconds)
    begin
    make_pki >"$logs/pki.log" 2>&1 || die "openssl failed; see $logs/pki.log"
    make_underlay
    start_etcd
    start_masters
    eventually 60 control_plane_is_ready || die "the API server did not become ready"
    say "API server ready after $(($(milliseconds) - began)) ms"
    for node in "${nodes[@]}"; do
        start_node "$node"
    done
    for node in "${nodes[@]}"; do
        eventually 90 node_is_registered "$node" || die "$node did not register"
    done
    say "nodes registered after $(($(milliseconds) - began)) ms"
    for node in "${nodes[@]}"; do
        untouched "$node" >"$work/untouched-$node"
        taints "$node" >"$work/taints-$node"
    done
}

# --- and back ------------------------------------------------------------------------------------------------------------------------

# Processes with one of our network namespaces. What runs in pods has others, but ends with the first process of its node.
processes() {
    local name
    for name in /run/netns/$prefix-*; do
        [ ! -e "$name" ] || ip netns pids "${name##*/}"
    done
}

# is_process FILE PATTERN: the process whose id is in the file lives, and is what it was.
is_process() {
    local id
    id=$(cat "$1" 2>/dev/null) && pgrep -f "$2" | grep -qx "$id"
}

# A case runs in a process group of its own, which a run that was killed leaves behind.
end_case() {
    local group
    group=$(cat "$state/case" 2>/dev/null) || return 0
    [ -z "$(pgrep -g "$group" -f 'e2e/run\.sh')" ] || kill -KILL -- "-$group" 2>/dev/null || true
    rm -f "$state/case"
}

none_is_left() { [ -z "$(processes)" ]; }

remove_cgroups() {
    find /sys/fs/cgroup -mindepth 1 -depth -type d -path "*/$prefix-node-*" -exec rmdir {} + 2>/dev/null
    [ -z "$(find /sys/fs/cgroup -maxdepth 2 -type d -name "$prefix-node-*")" ]
}

# Ends and removes all there is of a cluster, of this run or of one that crashed. Logs stay.
remove() {
    local name folder
    end_case
    ! is_process "$state/sampler" 'e2e/memory\.py' || kill "$(cat "$state/sampler")"
    if ! none_is_left; then
        # shellcheck disable=SC2046 # a list of process ids
        kill -KILL $(processes) 2>/dev/null || true
        eventually 20 none_is_left || warn "processes are left: $(processes | tr '\n' ' ')"
    fi
    eventually 20 remove_cgroups || warn "cgroups $prefix-* are left"
    for name in /run/netns/$prefix-*; do
        [ ! -e "$name" ] || ip netns del "${name##*/}"
    done
    restore_sysctls
    folder=$(cat "$state/folder" 2>/dev/null || echo "$work")
    rm -rf "$folder"/{node-*,control,pki,kubectl-cache} "$state"
}

# What no run may leave; each with a line. Whatever else is on the machine is not ours to judge.
left_behind() {
    local found
    found=$(
        find /run/netns -maxdepth 1 -name "$prefix-*" 2>/dev/null
        find /sys/fs/cgroup -type d -name "$prefix-*" 2>/dev/null
        grep -F -e "$work/" -e "/$prefix-" /proc/self/mountinfo | sed 's/^/mount /'
        grep -ls "$prefix-" /proc/[0-9]*/cgroup
        pgrep -af "$kubernetes/bin/|$debian/usr/bin/|$work/" | sed 's/^/process /'
        [ ! -e "$state" ] || echo "$state"
    )
    [ -z "$found" ] || { warn "left behind:"; printf '%s\n' "$found" >&2; return 1; }
}
