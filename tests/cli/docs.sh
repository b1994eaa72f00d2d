#!/usr/bin/env bash
# The commands of README.md and docs/: every fenced block that begins with ```sh run is run in an empty folder, and must succeed. A line
# "#= TEXT" in it says what the command before it prints somewhere.
. "$(dirname "$0")/common.bash"
top=$(cd "$(dirname "$0")/../.." && pwd)
mkdir "$folder/bin" && ln -s "$(realpath "$weft")" "$folder/bin/weft"
export PATH=$folder/bin:$PATH

blocks=0
for page in "$top/README.md" "$top"/docs/*.md; do
    rm -f "$folder"/block-*
    awk -v out="$folder/block-" '/^```/ { if (on) on = 0; else if ($0 == "```sh run") { on = 1; n++ } ; next } on { print > (out n) }' "$page"
    for block in "$folder"/block-*; do
        [ -e "$block" ] || continue
        blocks=$((blocks + 1))
        mkdir "$folder/at"
        # Each command is one line.
        while read -r line; do
            case $line in
            "#= "*) grep -qF -- "${line#\#= }" "$folder/out" || complain "$page: '$line' is not what is printed: $(cat "$folder/out")" ;;
            "" | "#"*) ;;
            *) (cd "$folder/at" && bash -c "$line") >"$folder/out" 2>&1 </dev/null || complain "$page: $line: exit status $?: $(tail -n 3 "$folder/out")" ;;
            esac
        done <"$block"
        rm -rf "$folder/at"
    done
done
[ $blocks -ge 7 ] || complain "expected at least seven runnable blocks in the pages, found $blocks"
for command in bench explain fork replay run store; do
    grep -qxF '```sh run' "$top/docs/$command.md" || complain "docs/$command.md has no example that is run"
done
exit $bad
