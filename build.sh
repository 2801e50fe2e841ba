#!/usr/bin/env bash
# One entry for everything: `./build.sh help`. Works from any directory and from a fresh clone; each verb first does
# what it needs (packages, build).
set -euo pipefail

readonly root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly bin="$root/artifacts/bin"
readonly results="$root/artifacts/test-results"
readonly stamp="$root/artifacts/built"
readonly started="$root/artifacts/build-started"
readonly minimum_kernel=5.10
rid=linux-$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')
readonly rid

# What compiles the XDP programs and the C of the ABI tests, and what the tests, the demo and the benches start.
packages=(
    clang make gcc libc6-dev libbpf-dev libxdp-dev libxdp1 libusrsctp-dev
    iproute2 procps util-linux ethtool iputils-ping traceroute iptables nftables conntrack tcpdump
    curl iperf3 wrk nginx-light prometheus python3 python3-grpcio python3-protobuf python3-yaml openssl
    bird2 # a BGP daemon, with which native routing is tested
    containernetworking-plugins # host-local gives the CNI plugin its addresses
)
# The other gRPC client of the tests. A Node.js from elsewhere brings npm along and excludes Debian's.
command -v npm >/dev/null || packages+=(nodejs npm)
readonly packages

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1

say() { printf '== %s\n' "$*"; }
warn() { printf 'build.sh: %s\n' "$*" >&2; }
fail() { warn "$1"; exit "${2:-1}"; }
is_root() { [ "$(id -u)" = 0 ]; }

usage() {
    cat <<'USAGE'
usage: ./build.sh VERB [options]

  deps            install the Debian packages that the build, the tests, the demo and the benches use
  build           compile everything; artifacts/bin gets dataplane, dataplane-agent,
                  dataplane-cni and dpctl; the first time two to three minutes on two quiet cores
  test [FILTER]   every test: unit tests, and (as root) tests in network namespaces
                  FILTER is a `dotnet test --filter` expression: a part of a name (CaptureVerbTests), or FullyQualifiedName~Cni.Tests
  demo [--keep]   two nodes, six pods, a service and a policy, on real traffic; --keep leaves it up, --down removes it
  bench [--quick] the benchmarks, ours beside the kernel's own path; --quick takes under three minutes
  bench scale|hold|soak   changes among 10,000 services; 100,000 connections; minutes of load (bench/README.md)
  bench policies|cni      changes among 1,000 policies; ADD and DEL of the CNI plugin beside the standard bridge
  e2e [--upstream] [--keep] [--only REGEX] [--away SECONDS] [--tries COUNT]
                  a real Kubernetes cluster of two nodes, and what must hold on it; --upstream runs upstream's own tests instead,
                  --keep leaves the cluster up, --down removes it; agent and API server are away for 20 s each, or --away;
                  what failed gets --tries (docs/testing.md)
  image           the container image, as a file in artifacts/image
  help            this text

Needs Linux 5.10 or newer with AF_XDP, the .NET 10 SDK and git; root for deps, demo, bench and the namespace tests.
USAGE
}

# --- what the machine offers ---------------------------------------------------------------------------------------

require_sdk() {
    command -v dotnet >/dev/null || fail "the .NET SDK is missing: install .NET 10 (https://dot.net) and put dotnet on the PATH"
    (cd "$root" && dotnet --version >/dev/null 2>&1) ||
        fail "dotnet $(dotnet --version 2>/dev/null || true) does not satisfy global.json: install the .NET 10 SDK"
}

kernel_is_new_enough() {
    local running; running=$(uname -r)
    [ "$(printf '%s\n%s\n' "$minimum_kernel" "${running%%-*}" | sort -V | head -1)" = "$minimum_kernel" ]
}

# socket(AF_XDP, SOCK_RAW, 0): the only test that is right for built-in, modular and missing support alike.
has_afxdp() { python3 -c 'import socket; socket.socket(44, socket.SOCK_RAW, 0)' 2>/dev/null; }

require_traffic() {
    is_root || fail "$1 needs root: it makes network namespaces and attaches XDP programs (try: sudo ./build.sh $1)"
    kernel_is_new_enough || fail "$1 needs Linux $minimum_kernel or newer; this is $(uname -r)"
    has_afxdp || fail "$1 needs AF_XDP: this kernel ($(uname -r)) refuses an AF_XDP socket (CONFIG_XDP_SOCKETS)"
    [ -d /sys/fs/bpf ] || fail "$1 needs /sys/fs/bpf: this kernel has no BPF file system (CONFIG_BPF_SYSCALL)"
}

# --- deps ----------------------------------------------------------------------------------------------------------

missing_packages() {
    local installed package
    installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${packages[@]}" 2>/dev/null || true)
    for package in "${packages[@]}"; do
        grep -qx "$package installed" <<<"$installed" || echo "$package"
    done
}

# Debian starts a daemon when its package is installed. nginx and prometheus are only programs to us, so while we
# install, a policy-rc.d answers "do not start"; one that is there already is kept.
install_without_starting() {
    local policy=/usr/sbin/policy-rc.d made=
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
        made=1
    fi
    local code=0
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" || code=$?
    [ -z "$made" ] || rm -f "$policy"
    return "$code"
}

verb_deps() {
    [ -z "${deps_done:-}" ] || return 0
    deps_done=1
    command -v dpkg-query >/dev/null ||
        fail "this is no Debian: install the equivalents of: ${packages[*]}"
    local missing; missing=$(missing_packages)
    [ -n "$missing" ] || { say "packages: all present"; return; }
    missing=${missing//$'\n'/ }
    is_root || fail "these packages are missing, and installing them needs root: $missing"
    command -v apt-get >/dev/null || fail "apt-get is missing; install these packages by other means: $missing"
    say "packages: installing $missing"
    # shellcheck disable=SC2086 # one word per package
    { apt-get update -q && install_without_starting $missing; } || fail "apt-get could not install: $missing"
}

# --- build ---------------------------------------------------------------------------------------------------------

publish() { # project: one executable file in artifacts/bin
    local log="$root/artifacts/publish.log"
    say "publish $1"
    (cd "$root" && dotnet publish "$1" -c Release -r "$rid" --self-contained false \
        -p:PublishSingleFile=true -p:PublishReadyToRun=true -p:DebugType=embedded -o "$bin" -v q) >"$log" 2>&1 ||
        { cat "$log"; fail "publish of $1 failed"; }
}

# The same as machine code of its own: the CNI plugin is started for every pod, and the start of the runtime alone would take
# several times as long as all that it does. The compiler for it is a package that some mirrors do not have.
publish_native() {
    local log="$root/artifacts/publish.log"
    say "publish $1, compiled ahead of time"
    (cd "$root" && dotnet publish "$1" -c Release -r "$rid" -p:PublishAot=true -p:DebugType=embedded -o "$bin" -v q) >"$log" 2>&1 && return
    warn "$1 cannot be compiled ahead of time here, and will start slower; see why with: dotnet publish $1 -r $rid -p:PublishAot=true"
    publish "$1"
}

# Folders are compared too, so that a removed file counts as a change: with the end of the build, since it makes folders in them. What is edited while
# we build is newer than its start.
is_built() {
    [ -e "$stamp" ] && [ -e "$started" ] && [ -z "$(cd "$root" && find . \( -name bin -o -name obj -o -name .git -o -path ./artifacts \
        -o -path ./demo -o -path ./deploy -o -path ./tests/e2e -o -name '*.md' ! -name drop-reasons.md -o -name '*.bpf.o' -o -name TestResults \) -prune \
        -o -mindepth 1 \( ! -type d -newer "$started" -o -type d -newer "$stamp" \) -print -quit)" ]
}

verb_build() {
    verb_deps
    require_sdk
    if is_built; then
        say "build: up to date"
        return
    fi
    mkdir -p "$bin"
    say "build (the first one takes two to three minutes on two quiet cores)"
    rm -f "$stamp"
    touch "$started"
    (cd "$root" && dotnet build Dataplane.sln -c Release -v q) || fail "the build failed"
    local project
    for project in Control Agent Cli Cni; do
        publish "src/$project"
    done
    publish_native src/Cni
    touch "$stamp"
    say "artifacts/bin: $(cd "$bin" && echo *)"
}

# --- test ----------------------------------------------------------------------------------------------------------

# "passed failed skipped" over all result files. What was discovered but not executed was skipped.
sum_results() {
    local counters total=0 executed=0 passed=0 file
    for file in "$results"/*.trx; do
        [ -e "$file" ] || continue
        counters=$(grep -o '<Counters [^>]*' "$file") || continue
        total=$((total + $(attribute total "$counters")))
        executed=$((executed + $(attribute executed "$counters")))
        passed=$((passed + $(attribute passed "$counters")))
    done
    echo "$passed $((executed - passed)) $((total - executed))"
}

attribute() { sed -E "s/.* $1=\"([0-9]+)\".*/\1/" <<<"$2"; }

run_tests() { # project name, then options of dotnet test
    local name=$1 code=0
    shift
    say "$name"
    (cd "$root" && dotnet test "tests/$name" -c Release --no-build -v q --logger "trx;LogFileName=$name.trx" \
        --logger "console;verbosity=minimal" --results-directory "$results" \
        --blame-hang-timeout 15m --blame-hang-dump-type none "$@") 2>&1 |
        sed -E '/^(Test run for|A total of|Results File|Data collector|No test (is available|matches)|Additionally, path|$)/d' || code=$?
    # A test process that is ended from outside leaves neither results nor an exit code.
    if [ "$code" -eq 0 ] && [ $# -eq 0 ] && [ ! -e "$results/$name.trx" ]; then
        warn "$name: ended without results"
        return 1
    fi
    [ "$code" -eq 0 ] || warn "$name: failed"
    return "$code"
}

verb_test() {
    verb_build
    is_root || warn "not root: the tests in network namespaces are skipped"
    rm -rf "$results"
    local filter=() project code=0
    [ $# -eq 0 ] || filter=(--filter "$1")
    # One project after the other: namespace tests and tests that measure time would disturb each other.
    for project in "$root"/tests/*.Tests; do
        run_tests "$(basename "$project")" "${filter[@]}" || code=1
    done
    local passed failed skipped
    read -r passed failed skipped < <(sum_results)
    [ "$failed" -eq 0 ] || code=1
    if [ $((passed + failed)) -eq 0 ]; then
        warn "no test was run"
        [ $# -eq 0 ] || [ "$skipped" -ne 0 ] || warn "'$1' matches none; names are those of classes and methods under tests/: dotnet test tests/Cli.Tests -c Release --no-build --list-tests"
        code=1
    fi
    echo "$passed passed, $failed failed, $skipped skipped"
    return "$code"
}

# --- the rest ------------------------------------------------------------------------------------------------------

verb_demo() {
    # What it does not understand it says before packages and the build.
    case "$#:${1:-}" in
        0: | 1:--keep | 1:--down) ;;
        *) fail "usage: ./build.sh demo [--keep | --down]" 2 ;;
    esac
    if [ "${1:-}" != --down ]; then
        verb_deps
        require_traffic demo
        verb_build
    fi
    exec "$root/demo/demo.sh" "$@"
}

verb_bench() {
    verb_deps
    require_traffic bench
    verb_build
    exec "$root/bench/run.sh" "$@"
}

# The runtime that nodes need for the CNI plugin is not theirs: the image's is compiled to machine code.
publish_plugin() {
    local log="$root/artifacts/publish.log"
    [ ! "$root/artifacts/cni/dataplane-cni" -nt "$stamp" ] || return 0
    say "publish src/Cni for the image"
    (cd "$root" && dotnet publish src/Cni -c Release -r "$rid" -p:PublishAot=true -p:ILLinkTreatWarningsAsErrors=false \
        -p:IlcTreatWarningsAsErrors=false -p:DebugType=none -o "$root/artifacts/cni" -v q) >"$log" 2>&1 ||
        { cat "$log"; fail "publish of the CNI plugin for the image failed"; }
}

verb_image() {
    verb_build
    say "image"
    publish_plugin
    python3 "$root/deploy/image/build.py" "$root" "$root/artifacts/image/dataplane.tar" localhost/dataplane:dev || fail "the image could not be made"
}

verb_e2e() {
    if [ "${1:-}" != --down ]; then
        verb_deps
        (require_traffic e2e) || exit 77 # as a test that says that it cannot run here
        verb_image
    fi
    exec "$root/tests/e2e/run.sh" "$@"
}

main() {
    local verb=${1:-help}
    shift || true
    case $verb in
        deps) verb_deps ;;
        build) verb_build ;;
        test) verb_test "$@" ;;
        demo) verb_demo "$@" ;;
        bench) verb_bench "$@" ;;
        e2e) verb_e2e "$@" ;;
        image) verb_image ;;
        help | -h | --help) usage ;;
        *) usage >&2; fail "there is no verb '$verb'" 2 ;;
    esac
}

main "$@"
