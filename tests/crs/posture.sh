#!/usr/bin/env bash
# Holds that the probes of the posture are blocked by a CRS and by the managed rules, each at paranoia 1:
# tests/crs/posture.sh CRS
#
# CRS is a folder with crs-setup.conf.example and rules/. Programs are taken from $BIN, target/release by default.
set -u -o pipefail
crs=$(cd "$1" && pwd) || exit 2
here=$(cd "$(dirname "$0")" && pwd)
bin=${BIN:-$here/../../target/release}
folder=$(mktemp -d)
pid=
trap 'kill $pid 2>/dev/null; rm -rf "$folder"' EXIT

# One rule set: its name, and its files as a list in TOML.
one() {
    printf 'workers = 1\n[admin]\nlisten = "127.0.0.1:0"\n[listeners.http]\nlisten = "127.0.0.1:0"\n' >"$folder/foxtrot.toml"
    printf '[waf]\nrules = [%s]\nmode = "enforce"\nparanoia = 1\n[[routes]]\nto = "respond:204"\n' "$2" >>"$folder/foxtrot.toml"
    : >"$folder/out"
    "$bin/foxtrot" run --config "$folder/foxtrot.toml" >"$folder/out" 2>"$folder/err" &
    pid=$!
    for _ in $(seq 200); do [ -s "$folder/out" ] && break; sleep 0.1; done
    admin=$(grep -o '"admin":"[^"]*"' "$folder/out" | grep -o '127\.0\.0\.1:[0-9]*') || { cat "$folder/err"; return 1; }
    for _ in $(seq 100); do
        "$bin/foxctl" --admin "http://$admin" waf posture >"$folder/posture"
        code=$?
        grep -q 'have not run yet' "$folder/posture" || break
        sleep 0.1
    done
    echo "$1"
    cat "$folder/posture"
    kill "$pid"
    wait "$pid" 2>/dev/null
    return $code
}

one "the CRS" "\"$crs/crs-setup.conf.example\", \"$crs/rules/*.conf\"" || exit 1
one "the managed rules" "\"$here/../../rules/managed/*.conf\""
