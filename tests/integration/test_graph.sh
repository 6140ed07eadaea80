#!/usr/bin/env bash
# The drawing of a run's states in daemon/README.md is the table of flow/run.c, as `run-graph` prints it.
. "$(dirname "$0")/../support/expect.sh"

expect 0 "$SCHEMASYNCD" run-graph
out '^digraph run \{$'
out '^    "new" -> "claiming" \[label="start: '
sed -n '/^<!-- run-graph -->$/,/^<!-- \/run-graph -->$/p' daemon/README.md | sed '/^<!--/d; /^```/d' >"$work/drawn"
same "the drawing has a line for each transition" "$(grep -c -- '->' "$work/drawn")" "$(grep -c -- '->' "$work/out")"
expect 0 diff -u <("$SCHEMASYNCD" run-graph) "$work/drawn"

# Every state is reached, and left but for the last.
expect 0 "$SCHEMASYNCD" run-graph
states() { sed -nE "$1" "$work/out" | sort -u; }
same "states that are never left" "$(comm -13 <(states 's/^ *"([^"]+)" -> .*/\1/p') <(states 's/^.* -> "([^"]+)" .*/\1/p'))" ended
same "states that are never reached" "$(comm -23 <(states 's/^ *"([^"]+)" -> .*/\1/p') <(states 's/^.* -> "([^"]+)" .*/\1/p'))" new

# Hidden, but it tells of itself.
expect 0 "$SCHEMASYNCD" --help
no_out run-graph
expect 0 "$SCHEMASYNCD" run-graph --help
out Graphviz
expect 64 "$SCHEMASYNCD" run-graph me
expect_done
