# Read by cutover.sh and rollback.sh: finds the sidecars, and hands them to foxctl, which does the rest.
#
# Sidecars are named by --admin URL, repeated, or found by --selector LABELS [--namespace NAMESPACE] through kubectl, which
# forwards a local port to each pod. Everything else goes to foxctl as it is.

set -eu

admins=''
selector=''
namespace=''
admin_port=9901
work=$(mktemp -d)
forwards=''
lost=0

stop_forwards() {
    for forward in $forwards; do
        kill "$forward" 2>/dev/null || true
    done
    rm -rf "$work"
}
trap stop_forwards EXIT
trap 'exit 1' HUP INT TERM

usage() {
    echo "usage: $0 (--admin URL ... | --selector LABELS [--namespace NAMESPACE] [--admin-port PORT]) ROLLOUT [foxctl's flags]" >&2
    exit 2
}

add_admin() {
    admins="${admins:+$admins,}$1"
}

# The port that kubectl chose for a forward, once it says so. Whether it still runs cannot be asked here, since what has
# ended stays known until it is waited for: five seconds for each are the bound.
forwarded_port() {
    tries=50
    while [ "$tries" -gt 0 ]; do
        port=$(sed -n 's/^Forwarding from 127\.0\.0\.1:\([0-9]*\) .*/\1/p' "$1" | head -n 1)
        if [ -n "$port" ]; then
            echo "$port"
            return 0
        fi
        tries=$((tries - 1))
        sleep 0.1
    done
    return 1
}

find_pods() {
    # Pods that end are on their way out and take no orders.
    pods=$(kubectl get pods ${namespace:+--namespace "$namespace"} --selector "$selector" \
        --field-selector status.phase=Running --output \
        'jsonpath={range .items[?(!@.metadata.deletionTimestamp)]}{.metadata.name}{"\n"}{end}') || exit 3
    if [ -z "$pods" ]; then
        echo "$0: no running pod has the labels $selector" >&2
        exit 3
    fi
    for pod in $pods; do
        kubectl port-forward ${namespace:+--namespace "$namespace"} "pod/$pod" ":$admin_port" \
            >"$work/$pod" 2>"$work/$pod.error" &
        forwards="$forwards $!"
    done
    for pod in $pods; do
        if port=$(forwarded_port "$work/$pod"); then
            add_admin "http://127.0.0.1:$port"
            continue
        fi
        echo "$0: no way to the sidecar of $pod: $(cat "$work/$pod.error")" >&2
        # All move or none; but what is lost must not keep the others from going back.
        if [ "$action" != rollback ]; then
            exit 3
        fi
        lost=1
    done
}

# Runs `foxctl fleet ACTION` with what is left of the arguments.
fleet() {
    action=$1
    shift
    count=$#
    while [ "$count" -gt 0 ]; do
        argument=$1
        shift
        count=$((count - 1))
        case $argument in
        --admin | --selector | --namespace | --admin-port)
            if [ "$count" -eq 0 ]; then
                usage
            fi
            case $argument in
            --admin) add_admin "$1" ;;
            --selector) selector=$1 ;;
            --namespace) namespace=$1 ;;
            --admin-port) admin_port=$1 ;;
            esac
            shift
            count=$((count - 1))
            ;;
        *) set -- "$@" "$argument" ;;
        esac
    done
    if [ "$#" -eq 0 ]; then
        usage
    fi
    if [ -n "$selector" ]; then
        find_pods
    fi
    if [ -z "$admins" ] && [ "$lost" -eq 1 ]; then
        exit 3
    fi
    if [ -z "$admins" ]; then
        usage
    fi
    "${FOXCTL:-foxctl}" --admin "$admins" --json fleet "$action" "$@"
    return "$lost"
}
