#!/bin/bash
# Traffic of a pod, until /tmp/stop is there: it runs inside of the pod, so that it needs neither the API server nor the kubelet.
# usage: traffic.sh CLUSTER-IP POD-ADDRESS CLOSED-ADDRESS PATIENCE      CLOSED-ADDRESS is that of a server which a policy closes; all by HTTP
# A line for each request that failed, and at the end one for each kind of traffic:
#   new|established VIA ANSWERED FAILED LONGEST      LONGEST: most milliseconds between two answers, or from the last one to the end
#   denied POD TRIED ANSWERED
# A new connection may take 3 s. A request on an established one may take PATIENCE seconds, or the connection counts as failed, and there is another one.
set -u
trap '' PIPE # a connection that was reset is an error, not the end of us
readonly cluster_ip=$1 pod=$2 closed=$3 patience=$4

now() { local t=${EPOCHREALTIME/[.,]/}; echo $((t / 1000)); }

# longest_with_end LONGEST LAST: what has not been answered since LAST counts too.
longest_with_end() { local since=$(($(now) - $2)); echo $((since > $1 ? since : $1)); }

new_connections() { # VIA URL
    local answered=0 failed=0 longest=0 last time code
    last=$(now)
    until [ -e /tmp/stop ]; do
        code=0
        curl -s --max-time 3 -o /dev/null "$2" || code=$?
        time=$(now)
        if [ $code -eq 0 ]; then
            answered=$((answered + 1))
            [ $((time - last)) -le $longest ] || longest=$((time - last))
            last=$time
        else
            failed=$((failed + 1))
            echo "$time new connection by $1: curl ends with $code"
        fi
        sleep 0.1
    done
    echo "new $1 $answered $failed $(longest_with_end "$longest" "$last")"
}

# request: one on the connection at descriptor 3, which stays open
request() {
    local line length=0
    printf 'GET /hostname HTTP/1.1\r\nHost: server\r\n\r\n' >&3 || return 1
    while IFS= read -r -t "$patience" line <&3; do
        line=${line%$'\r'}
        case $line in
            Content-Length:*) length=${line#*: } ;;
            '') read -r -t "$patience" -N "$length" line <&3; return ;;
        esac
    done
    return 1
}

established() { # VIA ADDRESS PORT
    local answered=0 failed=0 longest=0 last time
    last=$(now)
    exec 3<>"/dev/tcp/$2/$3"
    until [ -e /tmp/stop ]; do
        if request; then
            time=$(now)
            answered=$((answered + 1))
            [ $((time - last)) -le $longest ] || longest=$((time - last))
            last=$time
            sleep 0.1
        else
            failed=$((failed + 1))
            echo "$(now) established connection by $1: it ended"
            until exec 3<>"/dev/tcp/$2/$3"; do sleep 0.1; done
        fi
    done 2>/dev/null
    echo "established $1 $answered $failed $(longest_with_end "$longest" "$last")"
}

denied() {
    local tried=0 answered=0 code
    until [ -e /tmp/stop ]; do
        tried=$((tried + 1))
        code=0
        curl -s --max-time 1 -o /dev/null "http://$closed:8080/hostname" || code=$?
        [ $code -eq 28 ] || { answered=$((answered + 1)); echo "$(now) closed server: curl ends with $code"; }
    done
    echo "denied $closed $tried $answered"
}

new_connections ClusterIP "http://$cluster_ip/hostname" &
new_connections pod "http://$pod:8080/hostname" &
established ClusterIP "$cluster_ip" 80 &
established pod "$pod" 8080 &
denied &
wait
