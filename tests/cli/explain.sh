#!/usr/bin/env bash
# weft explain: JSON with the promised fields, a page that needs nothing from anywhere and escapes what it shows, a Chrome trace, names of
# slots from a storage layout, the simulated scheduler; bad usage.
command -v python3 >/dev/null || { echo "no python3: not checked" && exit 77; }
. "$(dirname "$0")/common.bash"

small="--size 60 --repeat 1 --threads 2"

# shellcheck disable=SC2086
"$weft" explain $small --simulate 1,4 --json -o "$folder/page.html" --perfetto "$folder/trace.json" uniswap-like hot-counter \
    >"$folder/out" || complain "weft explain fails"
python3 - "$folder" <<'P' || bad=1
import html.parser, json, re, sys
folder = sys.argv[1]
lines = open(folder + "/out").read().splitlines()
assert len(lines) == 2, lines
swaps, counter = map(json.loads, lines)
fields = """name fork txs gas threads serial_ms parallel_ms cpu_ms speedup reruns speculated overhead_ms idle_ms fallback summary limits
    simulated critical_path costs avoided locations transactions""".split()
for one in (swaps, counter):
    missing = [f for f in fields if f not in one]
    assert not missing, missing
    assert one["txs"] == 60 == len(one["transactions"]), one["txs"]
    assert [s["workers"] for s in one["simulated"]] == [1, 4]
    limits = [one["limits"][n] for n in ("2", "4", "8", "16", "32", "64")]
    assert limits == sorted(limits) and limits[0] <= 2.001, limits
assert counter["critical_path"]["txs"] == 60 == counter["critical_path"]["longest_chain"]
assert counter["costs"]["slot"]["dependents"] == 59
assert counter["locations"][0]["name"] == "slot 0" and counter["locations"][0]["dependents"] == 59
assert "cannot run faster than serially" in counter["summary"]

trace = json.load(open(folder + "/trace.json"))["traceEvents"]
assert {e["ph"] for e in trace} == {"M", "X"} and all(e["dur"] >= 0 for e in trace if e["ph"] == "X")

page = open(folder + "/page.html").read()
assert not re.search(r"(src|href)\s*=\s*[\"']?[^\"'#]", page), "the page asks for something"
assert "http:" not in page and "https:" not in page and "url(" not in page and "@import" not in page
assert page.count("<section") == 2 and page.count("<svg") >= 6

class Balance(html.parser.HTMLParser):
    stack = []
    def handle_starttag(self, tag, attributes):
        if tag not in ("meta", "br"): self.stack.append(tag)
    def handle_startendtag(self, tag, attributes): pass
    def handle_endtag(self, tag):
        assert self.stack and self.stack.pop() == tag, f"</{tag}> at {self.getpos()}"
reader = Balance()
reader.feed(page)
assert not reader.stack, reader.stack
P

# What comes from files is escaped: a layout whose label is markup.
address=$(python3 -c 'import json, sys; print(json.loads(open(sys.argv[1]).readlines()[1])["locations"][0]["account"])' "$folder/out")
cat >"$folder/layout.json" <<'L'
{"storage": [{"label": "<script>alert(\"&\")</script>", "offset": 0, "slot": "0", "type": "t_uint256"}],
 "types": {"t_uint256": {"encoding": "inplace", "label": "uint256", "numberOfBytes": "32"}}}
L
# shellcheck disable=SC2086
"$weft" explain $small --layout "$address=$folder/layout.json" -o "$folder/page.html" hot-counter || complain "--layout fails"
grep -q '&lt;script&gt;alert(&quot;&amp;&quot;)&lt;/script&gt;' "$folder/page.html" || complain "the layout's name is not in the page"
[ "$(grep -o '<script>' "$folder/page.html" | wc -l)" = 1 ] || complain "markup of a layout gets into the page"

"$weft" bench --simulate 1,16 --size 50 --repeat 1 --threads 1 hybrid | grep -q "^hybrid .* 16 " || complain "bench --simulate"

refuses() { # refuses TEXT ARGUMENT...
    local text=$1 status
    shift
    "$weft" "$@" >"$folder/out" 2>"$folder/err"
    status=$?
    [ $status = 2 ] || complain "weft $*: exit status $status, expected 2"
    [ "$(wc -l <"$folder/err")" = 1 ] && grep -qF -- "$text" "$folder/err" || complain "weft $*: $(cat "$folder/err")"
}
refuses "expected BUNDLE|WORKLOAD" explain
refuses "nonsense: No such file" explain nonsense
refuses "--layout: expected ADDRESS=FILE" explain --layout x=y chain
refuses "none.json: No such file" explain --layout "$address=$folder/none.json" chain
refuses "--hot: expected a number from 0 to 100" bench --hot 101 hybrid
refuses "--simulate: expected" bench --simulate 0 hybrid
refuses "tools/contracts.sh fetches it" bench --contracts "$folder" gigagas-uniswap
echo '{"storage": [{"label": "x", "offset": 0, "slot": "zero", "type": "t"}], "types": null}' >"$folder/wrong.json"
refuses "slot: expected a decimal number" explain --layout "$address=$folder/wrong.json" chain
refuses "/nowhere/page.html" explain $small -o /nowhere/page.html chain
exit $bad
