# Certificates and kubeconfigs of the cluster, made anew for each: sourced by run.sh.
readonly pki=$work/pki

# certificate NAME SUBJECT [ALTERNATIVE-NAMES]
certificate() {
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "$2" -keyout "$pki/$1.key" -out "$pki/$1.csr"
    openssl x509 -req -in "$pki/$1.csr" -CA "$pki/ca.crt" -CAkey "$pki/ca.key" -CAcreateserial -days 30 -out "$pki/$1.crt" \
        -extfile <(printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth,clientAuth\n' "${3:-DNS:$1}")
}

# kubeconfig NAME ADDRESS: for the certificate of that name
kubeconfig() {
    cat >"$pki/$1.kubeconfig" <<CONFIG
apiVersion: v1
kind: Config
clusters: [{name: e2e, cluster: {server: "https://$2:6443", certificate-authority: "$pki/ca.crt"}}]
users: [{name: $1, user: {client-certificate: "$pki/$1.crt", client-key: "$pki/$1.key"}}]
contexts: [{name: e2e, context: {cluster: e2e, user: $1}}]
current-context: e2e
CONFIG
}

make_pki() {
    mkdir -p "$pki"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=dataplane-e2e -keyout "$pki/ca.key" -out "$pki/ca.crt"
    openssl genrsa -out "$pki/service-accounts.key" 2048
    openssl rsa -in "$pki/service-accounts.key" -pubout -out "$pki/service-accounts.pub"
    certificate apiserver /CN=kube-apiserver "DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:localhost,\
IP:127.0.0.1,IP:${service_cidr%.*}.1,IP:$control_address"
    certificate admin /O=system:masters/CN=admin
    certificate kubelet-client /O=system:masters/CN=kubelet-client
    certificate controller-manager /CN=system:kube-controller-manager
    certificate scheduler /CN=system:kube-scheduler
    local name
    for name in admin controller-manager scheduler; do
        kubeconfig $name 127.0.0.1
    done
    for name in "${nodes[@]}"; do
        certificate "$name" "/O=system:nodes/CN=system:node:$name" "DNS:$name,IP:$(node_address "$name")"
        kubeconfig "$name" $control_address
    done
}
