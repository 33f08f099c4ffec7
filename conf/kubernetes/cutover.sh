#!/bin/sh
# Moves a rollout to green on many sidecars: all or none. Prints the proof, as JSON.
#
#   cutover.sh --selector app.kubernetes.io/instance=shop --namespace web gateway
#   cutover.sh --admin http://10.0.0.1:9901 --admin http://10.0.0.2:9901 gateway --max-duration 60
#
# Exits 0 when all have moved, 1 when none or not all have, 2 for usage, 3 when one cannot be reached; FOXTROT_ADMIN_TOKEN
# holds the token.

. "$(dirname "$0")/fleet.sh"
fleet cutover "$@"
