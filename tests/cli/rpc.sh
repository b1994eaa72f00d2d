#!/usr/bin/env bash
# `weft replay --rpc` against a real node: geth in developer mode on loopback, with a few blocks of scripted transactions (rpc.py).
weft=$1
geth=$(command -v geth || ls "${GOPATH:-$HOME/go}/bin/geth" 2>/dev/null)
[ -n "$geth" ] && command -v python3 >/dev/null || { echo "no geth or no python3: not checked" && exit 0; }
python3 "$(dirname "$0")/rpc.py" "$weft" "$geth"
