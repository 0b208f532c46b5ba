#!/bin/sh
# Makes thumbnails of real pictures with Headrace: builds the plugin, starts `headrace dev` with it,
# submits each picture as a task and shows the results.
#
#   ONCE=1        end when all is done; exit 0 only when every picture was completed
#   PICTURES=DIR  pictures to use (default: those that ship with Go)
#   PORT=8080     port to listen on, at 127.0.0.1
#   DATA=DIR      where Headrace keeps its data (default: data beside this file; with ONCE a
#                 temporary folder)
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
headrace=$root/bin/headrace
port=${PORT:-8080}
once=${ONCE:-}
server=
temporary=
interrupted=
interrupt_code=130

say() { printf '%s\n' "$*"; }
fail() {
    printf 'run.sh: %s\n' "$*" >&2
    exit 1
}

# ended waits for dev to end by itself, up to the given seconds; it fails when dev is still there.
ended() {
    left=$(($1 * 10))
    while kill -0 "$server" 2>/dev/null; do
        [ "$left" -gt 0 ] || return 1
        left=$((left - 1))
        sleep 0.1
    done
}

# stop ends dev and waits until it has drained. Ctrl-C has reached dev too, and a second signal
# would cut its drain short, so then SIGTERM comes only when dev has not ended in its grace of 20 s.
stop() {
    code=$?
    trap '' INT TERM
    trap - EXIT
    if [ -n "$server" ]; then
        if [ -z "$interrupted" ] || ! ended 22; then
            kill -TERM "$server" 2>/dev/null || true
        fi
        wait "$server" 2>/dev/null || true
    fi
    [ -z "$temporary" ] || rm -rf -- "$temporary"
    exit "$code"
}
trap stop EXIT
trap 'interrupted=1; exit "$interrupt_code"' INT
trap 'exit 143' TERM

# field NAME prints the value of the first field of that name in the JSON on standard input, which
# is a string without quotes in it, or a number.
field() {
    tr -d '\n' | sed -n 's/.*[{,][[:space:]]*"'"$1"'"[[:space:]]*:[[:space:]]*"\{0,1\}\([^",}]*\).*/\1/p'
}

# quote prints TEXT as a JSON string.
quote() { printf '"%s"' "$(printf '%s' "$1" | sed 's/\\/\\\\/g; s/"/\\"/g')"; }

[ -x "$headrace" ] || fail "there is no $headrace; run: make build"

say "Building the plugin"
mkdir -p "$here/plugins"
(cd "$here" && go build -o plugins/thumbnails .) || fail "the plugin does not build"

pictures=${PICTURES:-$(go env GOROOT)/src/image/testdata}
[ -d "$pictures" ] || fail "there is no folder $pictures; set PICTURES to a folder with pictures"
pictures=$(CDPATH='' cd -- "$pictures" && pwd)

temporary=$(mktemp -d)
# Without a folder of its own, a run that has to be judged starts from nothing.
if [ -n "$once" ]; then data=${DATA:-$temporary/data}; else data=${DATA:-$here/data}; fi
mkdir -p "$data/thumbnails"
data=$(CDPATH='' cd -- "$data" && pwd)

find "$pictures" -maxdepth 1 -type f \( -iname '*.jpg' -o -iname '*.jpeg' -o -iname '*.png' -o -iname '*.gif' \) |
    sort >"$temporary/pictures"
count=$(wc -l <"$temporary/pictures" | tr -d ' ')
[ "$count" -gt 0 ] || fail "there are no pictures (jpeg, png, gif) in $pictures"

HEADRACE_ADDR=http://127.0.0.1:$port
if [ -z "${HEADRACE_TOKEN:-}" ]; then
    HEADRACE_TOKEN=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
fi
HEADRACE_VAR_OUTPUT_DIR=$data/thumbnails
export HEADRACE_ADDR HEADRACE_TOKEN HEADRACE_VAR_OUTPUT_DIR

say "Starting headrace dev on 127.0.0.1:$port"
"$headrace" dev -listen "127.0.0.1:$port" -data "$data" -config "$here/headrace.hcl" >"$temporary/log" 2>&1 &
server=$!

# The server answers a request that needs our key only when it is ours: another program on the port
# does not know it.
tries=0
until "$headrace" task list -o json >/dev/null 2>"$temporary/probe"; do
    if ! kill -0 "$server" 2>/dev/null; then
        cat "$temporary/log" >&2
        server=
        if grep -qi 'address already in use' "$temporary/log"; then
            fail "port $port is taken; choose another one: PORT=8081 make run"
        fi
        fail "headrace dev did not start; its output stands above"
    fi
    tries=$((tries + 1))
    if [ "$tries" -ge 300 ]; then
        cat "$temporary/log" "$temporary/probe" >&2
        fail "headrace dev does not answer; its output stands above"
    fi
    sleep 0.1
done

say "Submitting $count pictures from $pictures"
while IFS= read -r picture; do
    "$headrace" task submit -o json -payload "{\"source\": $(quote "$picture"), \"max\": 64}" image.thumbnail \
        >"$temporary/task" || fail "$picture was not accepted"
    printf '%s %s\n' "$(field id <"$temporary/task")" "$picture" >>"$temporary/tasks"
done <"$temporary/pictures"

say ""
printf '%-50s %-9s %-6s %7s  %-12s\n' PICTURE SIZE FORMAT BYTES SHA-256
failed=0
while read -r id picture; do
    code=0
    "$headrace" task wait -timeout 60s -o json "$id" >"$temporary/task" || code=$?
    name=${picture##*/}
    if [ "$code" -ne 0 ]; then
        failed=$((failed + 1))
        printf '%-50s %s: %s\n' "$name" "$(field status <"$temporary/task")" "$(field message <"$temporary/task")"
        continue
    fi
    printf '%-50s %-9s %-6s %7s  %-12.12s\n' "$name" \
        "$(field width <"$temporary/task")x$(field height <"$temporary/task")" \
        "$(field format <"$temporary/task")" "$(field size <"$temporary/task")" "$(field sha256 <"$temporary/task")"
done <"$temporary/tasks"

say ""
say "$((count - failed)) of $count pictures completed"
if [ -n "$once" ]; then
    [ "$failed" -eq 0 ] || fail "$failed pictures were not completed"
    exit 0
fi

say ""
say "The thumbnails are in $data/thumbnails"
say "Headrace goes on at $HEADRACE_ADDR. To talk to it from another terminal:"
say "  export HEADRACE_ADDR=$HEADRACE_ADDR HEADRACE_TOKEN=$HEADRACE_TOKEN"
say "  $headrace task list"
say "Press Ctrl-C to stop."
interrupt_code=0 # From here on it is the normal end.
code=0
wait "$server" || code=$?
server=
[ "$code" -eq 0 ] || cat "$temporary/log" >&2
exit "$code"
