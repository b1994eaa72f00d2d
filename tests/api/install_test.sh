#!/usr/bin/env bash
# What somebody gets who installs weft: installs a build into a temporary prefix, compiles the header as C and C++
# with every compiler there is, builds the examples against it through pkg-config (shared and static), runs them and
# compares what they print; runs the command and the examples under valgrind, which knows no AVX-512 and finds leaks, and
# on processors of other generations, as qemu-user imitates them.
#
#     tests/api/install_test.sh [BUILD]        build-install by default; its target `installable` must be up to date
#
# Ends with `N passed, N failed`.
set -uo pipefail
cd "$(dirname "$0")/../.."
build=${1:-build-install}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
passed=0 failed=0

# check WHAT COMMAND...: runs it quietly, shows its output when it fails
check() {
    local what=$1
    shift
    if "$@" >"$work/log" 2>&1; then
        echo "ok    $what"
        passed=$((passed + 1))
    else
        echo "FAIL  $what"
        sed 's/^/      /' "$work/log" | tail -n 30
        failed=$((failed + 1))
    fi
}
finish() {
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ]
    exit
}

check "installs" cmake --install "$build" --prefix "$prefix"
[ "$failed" = 0 ] || finish
pc=$(find "$prefix" -name weft.pc)
libdir=$(dirname "$(dirname "$pc")")
export PKG_CONFIG_PATH=$libdir/pkgconfig
check "pkg-config knows it" pkg-config --exists weft
check "only the public header is installed" test "$(cd "$prefix/include" && find . -type f)" = ./weft/weft.h
check "the shared library carries its interface number" test -e "$libdir/libweft.so.$(
    sed -n 's/.*WEFT_ABI_VERSION = \([0-9]*\).*/\1/p' "$prefix/include/weft/weft.h")"

# ---- the header, alone in a file, in every language and compiler ----

echo '#include <weft/weft.h>' >"$work/header.c"
cp "$work/header.c" "$work/header.cpp"
strict="-pedantic-errors -Wall -Wextra -Wconversion -Wundef -Werror -fsyntax-only -I$prefix/include"
for compiler in gcc clang clang-19; do
    command -v $compiler >/dev/null || continue
    for standard in c11 c17; do
        check "header: $compiler -std=$standard" $compiler -std=$standard $strict "$work/header.c"
    done
done
for compiler in g++ clang++ clang++-19; do
    command -v $compiler >/dev/null || continue
    for standard in c++11 c++17 c++20; do
        check "header: $compiler -std=$standard" $compiler -std=$standard $strict "$work/header.cpp"
    done
done

# A C++ program that calls it, linked by the C++ compiler.
cat >"$work/program.cpp" <<'END'
#include <weft/weft.h>
int main()
{
    weft_error error{};
    weft_chain *chain = nullptr;
    if (weft_chain_by_name("Osaka", &chain, &error) != WEFT_OK)
        return 1;
    weft_chain_free(chain);
    return weft_abi_version() == WEFT_ABI_VERSION ? 0 : 1;
}
END
build_cpp() {
    # shellcheck disable=SC2046
    c++ -std=c++17 "$work/program.cpp" -o "$work/program" $(pkg-config --cflags --libs weft) "-Wl,-rpath,$libdir"
}
check "a C++ program links" build_cpp
check "and runs" "$work/program"

# ---- the examples ----

compare() { # compare NAME COMMAND...: stdout as expected
    local expected=tests/api/expected/$1.txt
    shift
    "$@" >"$work/out" 2>"$work/err" || {
        cat "$work/out" "$work/err"
        return 1
    }
    diff -u "$expected" "$work/out"
}

for link in shared static; do
    mkdir -p "$work/$link"
    check "examples build ($link)" make --no-print-directory -C examples OUT="$work/$link" CFLAGS="-O1 -Werror" \
        STATIC="$([ $link = static ] && echo 1)"
    for example in transfer callbacks; do
        check "$example ($link)" compare $example "$work/$link/$example"
    done
done
no_library() { ! ldd "$1" | grep -q libweft; }
check "the static ones need no libweft.so" no_library "$work/static/transfer"
if command -v python3 >/dev/null; then
    check "tokens.py" compare tokens env PYTHONDONTWRITEBYTECODE=1 WEFT_LIBRARY="$libdir/libweft.so" \
        python3 examples/python/tokens.py
fi

# ---- other processors ----

weft=$prefix/bin/weft
prints() { # prints TEXT COMMAND...
    local text=$1
    shift
    "$@" >"$work/out" 2>"$work/err" && grep -qF -- "$text" "$work/out" || { cat "$work/out" "$work/err"; return 1; }
}
# A product and its hash.
program=6003680100000000000000000260050160005260205f2060205260405ff3
check "the command runs" "$weft" run --json $program
output=$(grep -o '"output":"[^"]*"' "$work/log")
check "and prints an output" test -n "$output"

if command -v valgrind >/dev/null && ! grep -q 'WEFT_NATIVE:BOOL=ON' "$build/CMakeCache.txt"; then
    grind=(valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite,indirect,possible)
    check "valgrind: the command" prints "$output" "${grind[@]}" "$weft" run --json $program
    check "valgrind: the command, in parallel" "${grind[@]}" "$weft" bench --threads 2 --repeat 1 --size 20 transfers erc20
    for link in shared static; do
        for example in transfer callbacks; do
            check "valgrind: $example ($link)" compare $example "${grind[@]}" "$work/$link/$example"
        done
    done
fi
if [ -e "$libdir/weft/libweft-command.so" ]; then
    if command -v qemu-x86_64 >/dev/null; then
        # Core 2 has no AVX; Haswell is the first with all of x86-64-v3.
        for processor in core2duo:x86-64 Haswell:x86-64-v3; do
            on=(qemu-x86_64 -cpu "${processor%:*}")
            check "${processor%:*}: takes what is for ${processor#*:}" prints "(${processor#*:})" "${on[@]}" "$weft" --version
            check "${processor%:*}: the command" prints "$output" "${on[@]}" "$weft" run --json $program
            for link in shared static; do
                check "${processor%:*}: transfer ($link)" compare transfer "${on[@]}" "$work/$link/transfer"
            done
        done
    else
        echo "no qemu-x86_64: not run on other processors"
    fi
fi
finish
