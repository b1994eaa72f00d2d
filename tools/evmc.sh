#!/usr/bin/env bash
# Puts EVMC's header in place, in deps/vendor/evmc: what `make evmc` needs beyond tools/deps.sh. Its home is the Go module below, pinned by version and by
# the checksum of the header; Go's own tool fetches it. Does nothing, and needs neither Go nor network, when it is there.
set -euo pipefail
cd "$(dirname "$0")/.."

module=github.com/ethereum/evmc/v12 version=v12.1.0
sum=208852a7e5a39ea938bdb21395891d65390fc63c7dcdbb9a904297737a753cea
header=deps/vendor/evmc/include/evmc/evmc.h

good() { [ -f "$1" ] && [ "$(sha256sum "$1" | cut -d' ' -f1)" = "$sum" ]; }

good "$header" && exit 0
if ! command -v go >/dev/null; then
    echo "tools/evmc.sh: expected go (apt-get install golang-go), or EVMC's header $version as $header" >&2
    exit 1
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
(cd "$folder" && go mod init header >/dev/null 2>&1 && go mod download "$module@$version")
found=$(cd "$folder" && go mod download -json "$module@$version" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')/include/evmc/evmc.h
good "$found" || {
    echo "tools/evmc.sh: $module@$version: expected a header with sha256 $sum" >&2
    exit 1
}
mkdir -p "$(dirname "$header")"
install -m 644 "$found" "$header"
