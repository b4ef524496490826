#!/bin/sh
# Slack's own clients against the simulated workspace.
#
#   tests/peers/run.sh [path of a deskd binary]      default: target/debug/deskd
#
# The clients come from their registries into target/peers, never into the tree. Without python3
# or node that half is skipped, and said so.
set -eu
cd "$(dirname "$0")/../.."
deskd=${1:-target/debug/deskd}
peers=$PWD/target/peers
mkdir -p "$peers"
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

if command -v python3 >/dev/null 2>&1 && python3 -c 'import venv' 2>/dev/null; then
    if [ ! -x "$peers/venv/bin/python" ]; then
        python3 -m venv "$peers/venv"
    fi
    if ! "$peers/venv/bin/python" -c 'import slack_bolt, aiohttp' 2>/dev/null; then
        "$peers/venv/bin/pip" install --quiet --disable-pip-version-check slack_bolt aiohttp
    fi
    # The mail server of tests/it/mail.rs.
    if ! "$peers/venv/bin/python" -c 'import aiosmtpd' 2>/dev/null; then
        "$peers/venv/bin/pip" install --quiet --disable-pip-version-check aiosmtpd
    fi
    with_simulator "$peers/venv/bin/python" tests/peers/bolt_python.py
else
    echo "skipped bolt-python: python3 with venv is not here"
fi

if command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1; then
    mkdir -p "$peers/bolt_js"
    cp tests/peers/bolt_js/package.json tests/peers/bolt_js/app.js "$peers/bolt_js/"
    if [ ! -d "$peers/bolt_js/node_modules/@slack/bolt" ]; then
        (cd "$peers/bolt_js" && npm install --silent --no-audit --no-fund)
    fi
    with_simulator node "$peers/bolt_js/app.js"
    # What tests/it/http_peers.rs and benches/hooks.rs run.
    cp tests/peers/bolt_js/signatures.js tests/peers/bolt_js/receiver.js "$peers/bolt_js/"
else
    echo "skipped bolt-js: node with npm is not here"
fi

exit "$failed"
