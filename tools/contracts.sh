#!/usr/bin/env bash
# Fetches the contracts of the workload gigagas-uniswap: creation codes from published npm packages, pinned by checksum, into
# .cache/contracts. They are under GPL-2.0-or-later and GPL-3.0, so they are no part of this repository; weft runs them, nothing is linked.
#
#     tools/contracts.sh         does nothing when they are there
set -euo pipefail
cd "$(dirname "$0")/.."

folder=.cache/contracts
# package, archive's sha256, artefact in it, name here
contracts=(
    "@uniswap/v3-core@1.0.1 141b001e2a376fff867cb24e0713b2834095cb1250c13aae263d9a646446d329
        artifacts/contracts/UniswapV3Factory.sol/UniswapV3Factory.json UniswapV3Factory"
    "@uniswap/v3-periphery@1.4.4 7177174c4b8c66bd1d61e7c4127ee15e95f851edfb1a65ee8225b6ab4f818bd7
        artifacts/contracts/SwapRouter.sol/SwapRouter.json SwapRouter"
    "canonical-weth@1.4.0 b9d7e11288898c7f119ad4bb8a1169764c3b0ca68e267a97c1abdad3d048df6c
        build/contracts/WETH9.json WETH9"
)

for command in npm python3; do
    command -v $command >/dev/null || { echo "tools/contracts.sh: $command not found" >&2 && exit 1; }
done
mkdir -p "$folder"
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
for line in "${contracts[@]}"; do
    read -r package sum artefact name <<<"$(tr '\n' ' ' <<<"$line")"
    [ -s "$folder/$name.hex" ] && continue
    archive=$temporary/$(cd "$temporary" && npm pack --silent "$package")
    echo "$sum  $archive" | sha256sum --check --quiet || { echo "$package: its checksum is another" >&2 && exit 1; }
    tar -xzf "$archive" -C "$temporary" "package/$artefact"
    python3 -c 'import json, sys
code = json.load(open(sys.argv[1]))["bytecode"].removeprefix("0x")
bytes.fromhex(code)
print(code)' "$temporary/package/$artefact" >"$temporary/$name.hex"
    mv "$temporary/$name.hex" "$folder/$name.hex"
    rm -rf "$temporary/package"
done
echo "contracts are in place: $(cd "$folder" && ls | tr '\n' ' ')"
