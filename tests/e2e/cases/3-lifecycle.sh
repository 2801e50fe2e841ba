# What happens around pods: probes, restarts of ours, and the end of everything.

case_of "S45: the connectivity check: every deployment, each with a probe of what it asks for, is ready within a minute" connectivity_check
connectivity_check() {
    namespace s45
    k apply -f "$e2e/manifests/connectivity-check.yaml"
    eventually 60 all_available || fail "not ready: $(k get deployments --no-headers | awk '$4 == 0 { print $1 }' | xargs)"
    kubectl delete namespace s45 --wait=false
}
all_available() { k wait --for condition=Available deployment --all --timeout 1s; }
