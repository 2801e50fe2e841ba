#!/usr/bin/env bash
# A real Kubernetes cluster, its nodes' network by this project alone, and what must hold on it. `./build.sh e2e` builds and calls this.
# usage: run.sh [--upstream] [--keep | --down] [--only REGEX]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readonly root
for part in common pki control-plane cluster deployed cases upstream; do
    # shellcheck source=/dev/null
    source "$root/tests/e2e/$part.sh"
done
for part in "$e2e"/cases/*.sh; do
    # shellcheck source=/dev/null
    source "$part"
done

keep= upstream= only=.

usage() { printf 'usage: e2e [--upstream] [--keep | --down] [--only REGEX]\n' >&2; exit 2; }

arguments() {
    while [ $# -gt 0 ]; do
        case $1 in
            --keep) keep=1 ;;
            --upstream) upstream=1 ;;
            --down) remove; echo "e2e: down"; exit 0 ;;
            --only) [ $# -ge 2 ] || usage; only=$2; shift ;;
            *) usage ;;
        esac
        shift
    done
}

require() {
    [ "$(id -u)" = 0 ] || die "root is needed: the cluster lies in namespaces"
    case $root/ in
        /run/* | /etc/* | /var/lib/* | /var/log/*) die "$root is where nodes have files of their own: use a clone elsewhere" ;;
    esac
    [ -e /dev/kmsg ] || die "/dev/kmsg is missing, which kubelets read"
    [ -d /sys/fs/cgroup/memory ] || grep -qw memory /sys/fs/cgroup/cgroup.controllers || die "there is no memory cgroup, which kubelets need"
}

# owner_is_alive: of a process id that is used again the command line is another one.
owner_is_alive() {
    local owner
    owner=$(cat "$state/owner" 2>/dev/null) && [ "$owner" != $$ ] && tr '\0' ' ' <"/proc/$owner/cmdline" 2>/dev/null | grep -q 'e2e/run\.sh'
}

on_exit() {
    local code=$?
    trap - EXIT INT TERM
    if [ -n "$keep" ]; then
        rm -f "$state/owner"
        explain
    else
        remove
    fi
    [ $code -eq 0 ] || warn "logs are in $logs"
    exit $code
}

explain() {
    cat <<TEXT

The cluster stays up. ./build.sh e2e runs the cases on it again; ./build.sh e2e --down takes it down. To look around:
  nsenter --net=$(netns control) $kubernetes/bin/kubectl --kubeconfig $pki/admin.kubeconfig get pods -A
  nsenter --target \$(cat $state/node-1.leader) --mount --uts --net --pid $bin/dpctl status
TEXT
}

main() {
    arguments "$@"
    require
    ! owner_is_alive || die "another run is at work, with process id $(cat "$state/owner")"
    "$e2e/build-kubernetes" ${upstream:+--upstream}
    trap on_exit EXIT
    trap 'exit 130' INT TERM
    if [ -e "$state/kept" ]; then
        say "using the cluster that was kept"
        echo $$ >"$state/owner"
        remove_namespaces
    else
        remove # what a crashed run left
        start_cluster
        deploy
        [ -z "$keep" ] || touch "$state/kept"
    fi
    if [ -n "$upstream" ]; then
        run_upstream "$only"
    else
        run_cases "$only"
    fi
}

main "$@"
