# What ends the daemon, and starts it again.
# How a loop hangs that shall: the process is stopped (SIGSTOP), and it has one thread, so that nothing else could pet the watchdog.
# The program itself has no switch for it, so none can be thrown in earnest.

is_new() { [ "$(pid)" -gt 0 ] && [ "$(pid)" != "$1" ] && [ "$(property ActiveState)" = active ]; }

# --- killed
before=$(pid)
systemctl kill --kill-whom=main -s KILL schemasyncd
wait_for 10 is_new "$before"
same "restarts" "$(property NRestarts)" 1

# --- ended with an error: at the start, because the database refuses the role; again and again, until it does not
sql -d postgres -c 'ALTER ROLE schemasyncd NOLOGIN'
mark_journal
systemctl kill --kill-whom=main -s KILL schemasyncd
has_tried() { [ "$(property NRestarts)" -ge 3 ]; }
wait_for 15 has_tried
expect 0 logged DATABASE_RIGHTS PRIORITY=3
expect 0 journalctl -q -o cat --since="$journal_mark" _PID=1
out 'Main process exited, code=exited, status=77'
sql -d postgres -c 'ALTER ROLE schemasyncd LOGIN'
wait_for 15 has_property StatusText '1 connections*'
run_once

# --- it hangs
drop_in watchdog <<<$'[Service]\nWatchdogSec=1s\nTimeoutAbortSec=5s'
expect 0 systemctl restart schemasyncd
before=$(pid)
wait_for 10 has_property StatusText '1 connections*'
sleep 2.5 # longer than the watchdog waits: it is petted
same "petted" "$(pid) $(property NRestarts)" "$before 0"
one_thread() { [ "$(ls "/proc/$before/task" | wc -l)" -eq 1 ]; }
wait_for 10 one_thread
mark_journal
kill -STOP "$before"
wait_for 15 is_new "$before"
same "restarts" "$(property NRestarts)" 1
expect 0 journalctl -q -o cat --since="$journal_mark" _PID=1
out "Failed with result 'watchdog'"
same "no core was kept" "$(property LimitCORE)" 0
drop_out watchdog
run_once

# --- the database goes and comes
mark_journal
systemctl restart postgresql
wait_for 5 logged DATABASE_AWAY
wait_for 15 logged DATABASE_BACK
run_once
same "the daemon stayed" "$(property NRestarts)" 1
