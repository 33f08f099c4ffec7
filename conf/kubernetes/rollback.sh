#!/bin/sh
# Moves a rollout back to blue on many sidecars, whatever state they are in, and proves that it took no longer than
# --max-duration, in seconds (120). Prints the proof, as JSON.
#
#   rollback.sh --selector app.kubernetes.io/instance=shop --namespace web gateway --max-duration 120
#
# Exits 0 when all are back in time, 1 when one is not or is lost, 2 for usage, 3 when no pod is found; FOXTROT_ADMIN_TOKEN holds the
# token.

. "$(dirname "$0")/fleet.sh"
fleet rollback "$@"
