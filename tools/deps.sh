#!/usr/bin/env bash
# Puts what weft is built from in place: Debian's packages, and the third-party C sources in deps/vendor.
#
#     tools/deps.sh           all that building, testing, linting and fuzzing need
#     tools/deps.sh --min     just what a build needs
#     tools/deps.sh --quiet   says nothing when nothing is missing
#
# When all is there it is done at once and needs no network. The sources are pinned, version and checksum, in deps/Cargo.lock; cargo
# checks them while it unpacks. No Rust is compiled.
set -euo pipefail
cd "$(dirname "$0")/.."

min=false quiet=false
for argument in "$@"; do
    case $argument in
    --min) min=true ;;
    --quiet) quiet=true ;;
    *)
        echo "usage: tools/deps.sh [--min] [--quiet]" >&2
        exit 2
        ;;
    esac
done

say() { $quiet || echo "$@"; }

# ---- Debian's packages: a probe that succeeds when it is there, and the package's name ----

need() { # need PACKAGE COMMAND...
    local package=$1
    shift
    "$@" >/dev/null 2>&1 || missing+=("$package")
}
have() { command -v "$1"; }
# CMakePresets.json wants 3.20.
recent_cmake() { cmake --version | awk 'NR == 1 { split($3, v, "."); exit !(v[1] > 3 || v[2] >= 20) }'; }
# cargo unpacks the sources; from 1.70 on it asks the registry for just what it needs. Debian 12 has such a one under another name.
recent_cargo() { cargo --version | awk '{ split($2, v, "."); exit !(v[1] > 1 || v[2] >= 70) }'; }
has_library() { { /sbin/ldconfig -p || ldconfig -p; } | grep "$1"; }

# deps/vendor is complete when the lock file that it was made from is the one we have.
lock=$(sha256sum deps/Cargo.lock | cut -d' ' -f1)
vendored=false
[ "$(cat deps/vendor/.lock 2>/dev/null)" = "$lock" ] && vendored=true

find_missing() {
    missing=()
    need gcc have cc
    need g++ have c++
    need make have make
    need cmake recent_cmake
    need ninja-build have ninja
    need pkg-config have pkg-config
    need libgmp-dev pkg-config --exists gmp
    need libssl-dev pkg-config --exists libcrypto
    need liblmdb-dev pkg-config --exists lmdb
    need zlib1g-dev pkg-config --exists zlib
    need libmicrohttpd-dev pkg-config --exists libmicrohttpd
    $vendored || need cargo recent_cargo
    $min && return
    need clang-19 have clang-19
    need lld-19 have ld.lld-19
    need llvm-19 have llvm-ar-19
    need libclang-rt-19-dev test -e /usr/lib/llvm-19/lib/clang/19/lib/linux/libclang_rt.fuzzer-x86_64.a \
        -o -e /usr/lib/llvm-19/lib/clang/19/lib/linux/libclang_rt.fuzzer-aarch64.a
    need clang-format-19 have clang-format-19
    need clang-tidy-19 have clang-tidy-19
    need valgrind have valgrind
    [ "$(uname -m)" != x86_64 ] || need qemu-user have qemu-x86_64
    need libcurl4 has_library libcurl.so.4
    need zstd have zstd
    need python3 have python3
}
find_missing

fail() {
    echo "tools/deps.sh: $*" >&2
    exit 1
}

if [ ${#missing[@]} -gt 0 ]; then
    command -v apt-get >/dev/null || fail "missing, and no apt-get here to install it: ${missing[*]}"
    packages=()
    for package in "${missing[@]}"; do
        [ "$package" = cargo ] && apt-cache show cargo-web >/dev/null 2>&1 && package=cargo-web
        packages+=("$package")
    done
    root=()
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || fail "missing, and neither root nor sudo here: apt-get install ${packages[*]}"
        root=(sudo)
    fi
    say "installing ${packages[*]}"
    install() {
        "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
            "${packages[@]}" </dev/null
    }
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    install >"$log" 2>&1 || { "${root[@]}" apt-get update -q </dev/null && install; } >>"$log" 2>&1 ||
        fail "missing, and apt-get cannot install it: ${packages[*]}: $(grep -E '^(E|sudo|Err)' "$log" | tail -n 1)"
    find_missing
    [ ${#missing[@]} = 0 ] || fail "installed, but not found or too old: ${missing[*]}"
fi

# ---- the vendored sources ----

if ! $vendored; then
    say "unpacking the third-party sources into deps/vendor"
    # Cargo keeps what it fetched in its home; where that cannot be written to, here.
    home=${CARGO_HOME:-${HOME:-}/.cargo}
    if ! { mkdir -p "$home" && [ -w "$home" ]; } 2>/dev/null; then
        mkdir -p .cache/cargo
        cp "$home"/config* .cache/cargo 2>/dev/null || true
        export CARGO_HOME=$PWD/.cache/cargo
    fi
    rm -rf deps/vendor deps/vendor.new
    error=$(cd deps && cargo vendor --locked --quiet vendor.new 2>&1 >/dev/null) ||
        fail "cargo cannot fetch the third-party sources, which takes a network once: $(tail -n 1 <<<"$error")"
    echo "$lock" >deps/vendor.new/.lock
    mv deps/vendor.new deps/vendor
fi
say "dependencies are in place"
