#!/usr/bin/env bash
# What `make run` does: the main job, on the best input that is at hand. With arguments it is the command itself.
#
# Real mainnet blocks are replayed when the official fixtures are on this machine (tests/fixtures.sh says where they are looked for); else blocks
# are made, which needs no file.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -eq 0 ] || exec build/weft "$@"

fixtures=$(tests/fixtures.sh)
if [ -n "$fixtures" ] && [ -d "$fixtures/mainnet_blocks" ]; then
    echo "Real mainnet blocks from the fixtures, executed serially and on $(nproc) threads, each checked against its header:"
    exec build/weft replay --repeat 5 "$fixtures/mainnet_blocks"
fi
echo "No mainnet blocks on this machine (see tests/fixtures.sh): blocks made by weft itself, executed serially and on $(nproc) threads:"
exec build/weft bench
