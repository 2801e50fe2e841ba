#!/usr/bin/env bash
# A real Kubernetes cluster, its nodes' network by this project alone, and what must hold on it. `./build.sh e2e` builds and calls this.
# usage: run.sh [--upstream] [--keep | --down] [--only REGEX] [--away SECONDS] [--tries COUNT]
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
away=20 # seconds for which the cases of 4-away.sh take something away
tries=1 # how often a case may fail until it counts as failed

usage() { printf 'usage: e2e [--upstream] [--keep | --down] [--only REGEX] [--away SECONDS] [--tries COUNT]\n' >&2; exit 2; }

arguments() {
    while [ $# -gt 0 ]; do
        case $1 in
            --keep) keep=1 ;;
            --upstream) upstream=1 ;;
            --down) remove; echo "e2e: down"; exit 0 ;;
            --only) [ $# -ge 2 ] || usage; only=$2; shift ;;
            --away) [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || usage; away=$2; shift ;;
            --tries) [[ ${2:-} =~ ^[1-9]$ ]] || usage; tries=$2; shift ;;
            *) usage ;;
        esac
        shift
    done
}

require() {
    local program
    [ "$(id -u)" = 0 ] || cannot "root is needed: the cluster lies in namespaces"
    case $root/ in
        /run/* | /etc/* | /var/lib/* | /var/log/*) die "$root is where nodes have files of their own: use a clone elsewhere" ;;
    esac
    grep -qs "^VERSION_CODENAME=bookworm" /etc/os-release || cannot "this is not Debian 12, whose source package of Kubernetes is built and run"
    [ -e /dev/kmsg ] || cannot "/dev/kmsg is missing, which kubelets read"
    [ -d /sys/fs/cgroup/memory ] || grep -qw memory /sys/fs/cgroup/cgroup.controllers || cannot "there is no memory cgroup, which kubelets need"
    for program in openssl ethtool iptables-save nsenter curl; do
        command -v $program >/dev/null || cannot "$program is missing: ./build.sh deps installs it"
    done
}

# owner_is_alive: of a process id that is used again the command line is another one.
owner_is_alive() {
    local owner
    owner=$(cat "$state/owner" 2>/dev/null) && [ "$owner" != $$ ] && pgrep -f 'e2e/run\.sh' | grep -qx "$owner"
}

on_exit() {
    local code=$?
    trap - EXIT
    disown -a # the shell is not to tell of each end
    trap '' INT TERM # a second Ctrl-C does not leave half of it
    echo "e2e: $((SECONDS / 60)) min $((SECONDS % 60)) s; at most $(cat "$work/memory" 2>/dev/null || echo "unknown") of memory"
    end_case
    if [ -n "$keep" ]; then
        rm -f "$state/owner"
        explain
    else
        remove
        left_behind || code=1
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
        begin_sampling
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
        run_cases "$only" "$tries"
    fi
}

main "$@"; exit
