#!/usr/bin/env bash
# tests/third.sh BUILD: every third file of the official block archives, with every executor: for builds that are slow (sanitizers).
# The last line is `N passed, N failed, N skipped`.
set -euo pipefail
cd "$(dirname "$0")/.."
fixtures=$(tests/fixtures.sh)
[ -n "$fixtures" ] || { echo "no fixtures here" && echo "0 passed, 0 failed, 0 skipped" && exit; }
mapfile -t files < <(find "$fixtures"/{blockchain_tests,blockchain_tests_devnet} -name '*.json' | LC_ALL=C sort | awk 'NR % 3 == 0')
"$1/weft" blocktest --executor all "${files[@]}"
