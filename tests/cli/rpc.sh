#!/usr/bin/env bash
# `weft replay --rpc`: against a server that answers from a mainnet bundle, and against a real node, geth in developer mode.
weft=$1
here=$(dirname "$0")
command -v python3 >/dev/null || { echo "no python3: not checked" && exit 77; }
"$weft" replay --rpc http://127.0.0.1:1 1 2>&1 | grep -q "built with libcurl" && echo "no libcurl: not checked" && exit 77
bad=0
if [ -n "$WEFT_FIXTURES" ]; then
    python3 "$here/rpc_bundle.py" "$weft" "$WEFT_FIXTURES/mainnet_blocks/19932703" || bad=1
else
    echo "no fixtures: no server made of a bundle"
fi
geth=$(command -v geth || ls "${GOPATH:-$HOME/go}/bin/geth" 2>/dev/null)
if [ -n "$geth" ]; then
    python3 "$here/rpc_geth.py" "$weft" "$geth" || bad=1
else
    echo "no geth: not checked against a real node"
fi
exit $bad
