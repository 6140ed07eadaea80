#!/usr/bin/env bash
# The service under a real systemd: installed by `make install`, with PostgreSQL and the API's simulator as units beside it.
# usage: tests/support/with_systemd.sh bash tests/systemd/run.sh (`make systemd-test`); SCHEMASYNCD and SIMULATOR name the programs
cd "$(dirname "$0")/../.." || exit 1
. tests/systemd/world.sh

begun=$SECONDS
{ install_all && make_postgres && start_simulator; } >"$work/out" 2>"$work/err" || fail "the machine cannot be set up"
systemctl start postgresql && make_database schemasync schemasyncd
systemctl stop postgresql
for part in ${PARTS:-start journal restart secrets login sandbox}; do
    # shellcheck source=/dev/null
    . "tests/systemd/$part.sh"
    echo "$part: $((SECONDS - begun)) s"
    begun=$SECONDS
done
if [ "$failed" -gt 0 ]; then
    echo "--- the journal's end"
    journalctl --no-pager -q -n 60 -u schemasyncd -u 'schemasyncd@*' -u postgresql
fi
expect_done
