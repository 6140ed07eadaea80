# For integration tests in shell: a database of one's own, and expectations that are counted. Source it; end with `expect_done`.
set -u
[ -x "$SCHEMASYNCD" ] || { echo "no program: $SCHEMASYNCD" >&2; exit 1; }
passed=0 failed=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
unset SCHEMASYNCD_CONFIG NO_COLOR COLUMNS

# new_database NAME: an empty one, which PGDATABASE names from now on.
new_database() {
    export PGDATABASE="$1_$$"
    psql -X -q -d postgres -c "CREATE DATABASE \"$PGDATABASE\"" || exit 1
}

sql() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"; }

# pass and fail WHAT: counts one expectation.
pass() { passed=$((passed + 1)); }
fail() {
    failed=$((failed + 1))
    echo "FAILED: $*"
    sed 's/^/    out: /' "$work/out" 2>/dev/null | head -n 30
    sed 's/^/    err: /' "$work/err" 2>/dev/null | head -n 30
}

# expect CODE COMMAND...: its exit code; what it writes stands in $work/out and $work/err afterwards.
expect() {
    local code=$1 got
    shift
    "$@" >"$work/out" 2>"$work/err"
    got=$?
    if [ "$got" -eq "$code" ]; then pass; else fail "exit code $got, not $code: $*"; fi
}

# out PATTERN, err PATTERN: an extended regular expression that some line of the last output matches; no_out: none does.
out() { if grep -qE -- "$1" "$work/out"; then pass; else fail "no line of the output matches: $1"; fi; }
err() { if grep -qE -- "$1" "$work/err"; then pass; else fail "no line of stderr matches: $1"; fi; }
no_out() { if grep -qE -- "$1" "$work/out"; then fail "a line of the output matches: $1"; else pass; fi; }

# same WHAT A B: two texts are equal.
same() { if [ "$2" = "$3" ]; then pass; else fail "$1: '$2', not '$3'"; fi; }

expect_done() {
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}
