#!/usr/bin/env bash
# Prints the folder with the official fixtures, unpacked; prints nothing when there are none on this machine.
#
# Looked for in $WEFT_FIXTURES, then in ../shared/fixtures: either folders as the archives unpack (state_tests/, mainnet_blocks/, ...) or the
# archives themselves (*.tar.zst, *.tsv.zst), which are unpacked once into .cache/fixtures.
set -euo pipefail
cd "$(dirname "$0")/.."

from=${WEFT_FIXTURES:-../shared/fixtures}
if [ ! -d "$from" ]; then
    [ -z "${WEFT_FIXTURES:-}" ] && exit 0
    echo "WEFT_FIXTURES: $from: expected a folder" >&2
    exit 2
fi
shopt -s nullglob
for folder in "$from"/state_tests "$from"/blockchain_tests* "$from"/mainnet_blocks "$from"/benchmark; do
    [ -d "$folder" ] && cd "$from" && pwd && exit 0
done
archives=("$from"/*.tar.zst "$from"/*.tsv.zst)
[ ${#archives[@]} -gt 0 ] || exit 0

to=.cache/fixtures
mkdir -p "$to"
for archive in "${archives[@]}"; do
    name=$(basename "$archive")
    mark="$to/.${name%.zst}.done"
    [ "$mark" -nt "$archive" ] && continue
    echo "unpacking $name" >&2
    case $name in
    *.tar.zst) tar --zstd -xf "$archive" -C "$to" ;;
    *) zstd -dqf "$archive" -o "$to/${name%.zst}" ;;
    esac
    touch "$mark"
done
cd "$to" && pwd
