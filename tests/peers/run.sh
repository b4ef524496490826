#!/bin/sh
# Slack's own clients against the simulated workspace.
#
#   tests/peers/run.sh [path of a deskd binary]      default: target/debug/deskd
#
# They are brought by tests/peers/fetch.
set -eu
cd "$(dirname "$0")/../.."
deskd=${1:-target/debug/deskd}
peers=$PWD/target/peers
failed=0

# Starts a simulator on a free port and runs the given client with its address.
with_simulator() {
    log=$peers/simulator.log
    "$deskd" simulator --listen 127.0.0.1:0 >"$log" 2>&1 &
    pid=$!
    base=
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        base=$(sed -n 's|^Web API *\(http://[^/]*\)/api/.*|\1|p' "$log")
        [ -n "$base" ] && break
        sleep 0.1
    done
    if [ -z "$base" ]; then
        echo "FAILED the simulator did not start: $(cat "$log")"
        failed=1
    elif ! "$@" "$base"; then
        failed=1
    fi
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
}

tests/peers/fetch
if [ -x "$peers/venv/bin/python" ]; then
    with_simulator "$peers/venv/bin/python" tests/peers/bolt_python.py
fi
if [ -d "$peers/bolt_js/node_modules" ]; then
    with_simulator node "$peers/bolt_js/app.js"
fi

exit "$failed"
