# What a case is, and what cases are written with: sourced by run.sh, before the files in cases/.
readonly image=localhost/agnhost:1
readonly outside=control # the network namespace of a host beside the nodes
titles=() functions=()

# A case is a function with a title; it runs in a shell of its own with `set -e`, and fails with the first command that does.
case_of() { titles+=("$1") functions+=("$2"); }

# note TEXT: a number for whoever reads the results; it is printed below the case's line.
note() { echo "note: $*"; }

# What a case cannot do here is said with the reason, and counted.
skip() { echo "skipped: $*"; exit 77; }

fail() { echo "FAILED: $*"; exit 1; }

# equal WHAT EXPECTED ACTUAL
equal() { [ "$2" = "$3" ] || fail "$1: expected '$2', but it is '$3'"; }

# --- namespaces and pods -------------------------------------------------------------------------------------------------------------

# k ARGUMENTS...: kubectl in the namespace of the case, which `namespace` has made
k() { kubectl --namespace "$namespace" "$@"; }

namespace() {
    namespace=$1
    kubectl create namespace "$1" >/dev/null
    # Pods are refused until the controller has made the account that they run as.
    eventually 20 k get serviceaccount default || fail "namespace $1 got no service account"
}

# pod NAME NODE LABELS ARGUMENTS...: an agnhost on that node
pod() {
    local arguments
    arguments=$(printf ',"%s"' "${@:4}")
    k run "$1" --image $image --image-pull-policy Never --labels "$3" --restart Never --overrides \
        "{\"spec\":{\"nodeName\":\"$2\",\"terminationGracePeriodSeconds\":0,\"containers\":[{\"name\":\"$1\",\"image\":\"$image\",\"args\":[${arguments#,}]}]}}"
}

client() { pod "$1" "$2" "${3:-run=$1}" pause; }

server() { pod "$1" "$2" "${3:-app=web}" netexec --http-port "${4:-8080}" --udp-port "${4:-8080}"; }

all_ready() { k wait --for condition=Ready pod --all --timeout 60s; }

address_of() { k get pod "$1" -o 'jsonpath={.status.podIP}'; }

cluster_ip() { k get service "$1" -o 'jsonpath={.spec.clusterIP}'; }

node_port() { k get service "$1" -o 'jsonpath={.spec.ports[0].nodePort}'; }

names() { k get pods -l "$1" -o 'jsonpath={range .items[*]}{.metadata.name}{"\n"}{end}' | sort; }

# --- asking --------------------------------------------------------------------------------------------------------------------------

# ask POD URL: the answer to one request from within the pod
ask() { k exec "$1" -- curl -sS --max-time 3 "$2"; }

# ask_udp POD ADDRESS: the host name that a server at 8080 answers by UDP; fails when nothing comes within a second
ask_udp() { k exec "$1" -- bash -c "exec 3<>/dev/udp/$2/8080; echo hostname >&3; read -r -t 1 -N 3 answer <&3; echo \$answer"; }

# A script for `sh`: many requests, one line each.
requests() { echo "for n in \$(seq $1); do curl -sS --max-time 3 $2 2>&1; echo; done"; }

# answered_by EXPECTED COMMAND...: the command makes requests; every one is answered, and together they are by just these names.
answered_by() {
    local expected=$1 answers
    answers=$("${@:2}") || true
    equal "who answered ${*:2:4}" "$expected" "$(sort -u <<<"$answers")"
}

times_out() { # POD URL: curl's exit code 28; a refused connection would be 7
    local code=0
    k exec "$1" -- curl -sS --max-time 1 "$2" || code=$?
    [ $code -eq 28 ]
}

is_refused() {
    local code=0
    k exec "$1" -- curl -sS --max-time 3 "$2" || code=$?
    [ $code -eq 7 ]
}

# An applied policy has two seconds to take effect.
apply() {
    k apply -f -
    sleep 2
}

# --- running -------------------------------------------------------------------------------------------------------------------------

# run_cases PATTERN TRIES: one line per case, then the sum; fails if a case failed in each try. Tries after the first come when all have had theirs.
run_cases() {
    local n attempt todo=() failures passed=0 skipped=0
    for n in "${!titles[@]}"; do
        [[ ! ${titles[n]} =~ $1 ]] || todo+=("$n")
    done
    for ((attempt = 1; attempt <= $2; attempt++)); do
        failures=()
        for n in "${todo[@]}"; do
            run_case "$n" $attempt
        done
        todo=("${failures[@]}")
        [ ${#todo[@]} -gt 0 ] || break
        [ $attempt -eq "$2" ] || { say "${#todo[@]} failed, and are tried again"; remove_namespaces || true; }
    done
    echo "$passed passed, ${#todo[@]} failed, $skipped skipped"
    [ ${#todo[@]} -eq 0 ] && [ $((passed + skipped)) -gt 0 ]
}

# run_case NUMBER ATTEMPT: counts in the variables of run_cases.
run_case() {
    local began code=0 title=${titles[$1]} log
    log="$logs/case-${functions[$1]}$([ "$2" -eq 1 ] || echo "-$2").log"
    began=$(milliseconds)
    # A process group of its own, so that its end is that of all it started.
    set -m
    (set -euxo pipefail; "${functions[$1]}") >"$log" 2>&1 </dev/null &
    set +m
    echo $! >"$state/case"
    wait $! || code=$?
    end_case
    case $code in
        0) passed=$((passed + 1)); printf 'ok    %s (%d ms%s)\n' "$title" $(($(milliseconds) - began)) "$([ "$2" -eq 1 ] || echo ", try $2")" ;;
        77) skipped=$((skipped + 1)); printf 'skip  %s: %s\n' "$title" "$(sed -n 's/^skipped: //p' "$log")" ;;
        *) failures+=("$1"); printf 'FAIL  %s (%s)\n' "$title" "$log"; explain_failure "$log" ;;
    esac
    sed -n 's/^note: /      /p' "$log"
}

explain_failure() {
    { grep '^FAILED: ' "$1" || tail -n 5 "$1"; } | sed 's/^/      /'
    { # for whoever looks into the log
        kubectl get pods --all-namespaces -o wide
        kubectl get events --all-namespaces --sort-by .lastTimestamp | tail -n 30
        local node
        for node in "${nodes[@]}"; do
            printf '\n%s\n' "$node"
            dpctl "$node" endpoint list
            dpctl "$node" drops
        done
    } >>"$1" 2>&1 || true
}
