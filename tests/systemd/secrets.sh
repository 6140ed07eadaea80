# Credentials: missing, plain, encrypted; nobody else reads them.

credential=/run/credentials/schemasyncd.service/polytomic-api-key

# --- plain, as the documented drop-in has it
expect 0 systemctl restart schemasyncd
run_once
expect 0 is_true "(SELECT outcome = 'ok' FROM runs ORDER BY started_at DESC LIMIT 1)"
expect 0 test -e "$credential"
expect 1 runuser -u nobody -- cat "$credential"
err 'Permission denied'
expect 1 runuser -u postgres -- cat "$credential"
user=$(stat -c %u "/proc/$(pid)")
expect 0 test "$user" -ge 61184 # one that systemd has made for it
expect 0 setpriv --reuid "$user" --clear-groups cat "$credential"
out "^$KEY\$"
expect 1 setpriv --reuid "$user" --clear-groups cat /etc/schemasyncd/credentials/polytomic-api-key
no_out_of() { ! tr '\0' '\n' <"$1" | grep -q "$KEY"; }
expect 0 no_out_of "/proc/$(pid)/environ"
expect 0 no_out_of "/proc/$(pid)/cmdline"

# --- a new one takes effect with a restart
control settings '{"key": "second"}'
install -m 0600 /dev/stdin /etc/schemasyncd/credentials/polytomic-api-key <<<second
expect 0 systemctl restart schemasyncd
run_once
expect 0 is_true "(SELECT outcome = 'ok' FROM runs ORDER BY started_at DESC LIMIT 1)"

# --- encrypted
drop_out credentials
rm /etc/schemasyncd/credentials/polytomic-api-key
encrypted=/etc/schemasyncd/credentials/polytomic-api-key.cred
printf second | systemd-creds encrypt --with-key=host --name=polytomic-api-key - "$encrypted" 2>"$work/err"
expect 1 grep -q second "$encrypted"
drop_in credentials-encrypted
expect 0 systemctl restart schemasyncd
run_once
expect 0 is_true "(SELECT outcome = 'ok' FROM runs ORDER BY started_at DESC LIMIT 1)"
expect 1 runuser -u nobody -- cat "$credential"

# --- missing, or encrypted for something else: the service does not start, and says why
systemctl stop schemasyncd
mv "$encrypted" "$encrypted.away"
is_refused() { [ "$(property ExecMainStatus)" = 243 ]; }
systemctl start --no-block schemasyncd
wait_for 10 is_refused
systemctl stop schemasyncd
expect 0 journalctl -q -o cat -n 30 -u schemasyncd
out '243/CREDENTIALS'
mv "$encrypted.away" "$encrypted"
expect 0 systemctl start schemasyncd
run_once
