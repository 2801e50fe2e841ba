# Upstream's own tests of networks, e2e.test of the same source package: sourced by run.sh.

readonly report=$work/upstream.md

# Specs that cannot be run here whatever the network does, as one regular expression.
not_runnable() { sed -n 's/^\([^#].*\) :: .*/\1/p' "$e2e/upstream-not-runnable.txt" | paste -sd'|'; }

# e2e_test OPTIONS...: as somebody outside of the nodes would run it. Some specs first ask for a page on the Internet, through this proxy.
e2e_test() {
    inside control env HTTP_PROXY=http://127.0.0.1:3129 NO_PROXY="127.0.0.1,${control_address%.*}.0/24,10.0.0.0/8" \
        PATH="$kubernetes/bin:$PATH" "$@"
}

run_upstream() {
    local focus='\[sig-network\]' code=0 proxy
    [ "$1" = . ] || focus+=".*$1"
    nsenter --net="$(netns control)" -- python3 "$e2e/any-page.py" 3129 &
    proxy=$!
    say "upstream: e2e.test, focus $focus"
    e2e_test timeout 3600 "$kubernetes/bin/ginkgo" -noColor -nodes=8 -focus="$focus" -skip="$(not_runnable)" "$kubernetes/bin/e2e.test" -- \
        -kubeconfig="$pki/admin.kubeconfig" -kubectl-path="$kubernetes/bin/kubectl" -provider=skeleton -num-nodes=${#nodes[@]} \
        -report-dir="$logs/upstream" >"$logs/upstream.log" 2>&1 || code=$?
    kill $proxy
    e2e_test "$kubernetes/bin/e2e.test" -ginkgo.dryRun -ginkgo.noColor -ginkgo.v -ginkgo.focus="$focus" -report-dir="$logs/upstream-all" \
        -provider=skeleton >"$logs/upstream-all.log" 2>&1 || warn "upstream's tests could not be listed; see $logs/upstream-all.log"
    python3 "$e2e/upstream-report.py" "$logs/upstream" "$logs/upstream.log" "$logs/upstream-all" "$e2e/upstream-not-runnable.txt" "$report"
    say "each spec with its result is in $report"
    return $code
}
