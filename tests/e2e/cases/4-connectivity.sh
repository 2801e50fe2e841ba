# The test that operators run on their clusters, with the outside and the world played by the host beside the nodes.

case_of "S46: dpctl connectivity test passes, and its JUnit XML says the same" connectivity_test
connectivity_test() {
    local xml=$logs/connectivity.xml world=$control_address:18080 server
    nsenter --net="$(netns $outside)" -- python3 -m http.server --bind "$control_address" 18080 --directory "$e2e/manifests" &
    server=$!
    trap "kill $server" EXIT
    rm -f "$xml"
    inside $outside "$bin/dpctl" connectivity test --kubeconfig "$work/pki/admin.kubeconfig" --image $image --junit "$xml" --outside --world "$world" |
        tee "$logs/connectivity.txt"
    python3 "$e2e/junit.py" "$xml" >"$logs/connectivity.names"
    equal "scenarios that failed" "" "$(grep -v ' passed$' "$logs/connectivity.names" || true)"
    equal "scenarios in the report" "$(sed -n 's/^ok    \([^ ]*\) .*/\1 passed/p' "$logs/connectivity.txt")" "$(cat "$logs/connectivity.names")"
    [ "$(wc -l <"$logs/connectivity.names")" -ge 20 ] || fail "only $(wc -l <"$logs/connectivity.names") scenarios were run"
    ! kubectl get namespace dataplane-test >/dev/null 2>&1 || fail "the namespace of the test is left"
}

case_of "S46: dpctl connectivity test that is interrupted leaves nothing" connectivity_interrupted
connectivity_interrupted() {
    local test code=0
    nsenter --net="$(netns $outside)" -- "$bin/dpctl" connectivity test --kubeconfig "$work/pki/admin.kubeconfig" --image $image --namespace interrupted >"$logs/interrupted.txt" 2>&1 &
    test=$!
    eventually 60 grep -q '^ok    no-policies' "$logs/interrupted.txt" || fail "no scenario ended: $(cat "$logs/interrupted.txt")"
    kill -TERM $test
    wait $test || code=$?
    equal "exit code" 1 $code
    equal "last line" "dpctl: interrupted" "$(tail -n 1 "$logs/interrupted.txt")"
    equal "namespaces" "" "$(kubectl get namespaces -o name | grep interrupted || true)"
}

case_of "S46: dpctl connectivity test fails when a policy of somebody else is in the way, and says where" connectivity_fails
connectivity_fails() {
    local code=0
    (
        eventually 60 kubectl get namespace hindered
        kubectl --namespace hindered apply -f - <<YAML
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: hindrance}
spec: {podSelector: {matchLabels: {name: client2}}, policyTypes: [Egress]}
YAML
    ) >/dev/null 2>&1 &
    inside $outside "$bin/dpctl" connectivity test --kubeconfig "$work/pki/admin.kubeconfig" --image $image --namespace hindered --test '^no-policies$|^health$' --junit "$logs/hindered.xml" \
        >"$logs/hindered.txt" 2>&1 || code=$?
    equal "exit code" 1 $code
    grep -q '^ok    health' "$logs/hindered.txt"
    grep -qE '^ +client2 -> tcp .*: expected echo-same-node, met silence' "$logs/hindered.txt"
    equal "report" "health passed no-policies failed" "$(python3 "$e2e/junit.py" "$logs/hindered.xml" | xargs)"
}
