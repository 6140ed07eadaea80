#!/usr/bin/env bash
# What `make install` installs: the program runs, the example configuration is in order, and the service unit is one that systemd
# takes without a word, with a sandbox that is as tight as it says.
. "$(dirname "$0")/../support/expect.sh"

command -v systemd-analyze >/dev/null || { echo "systemd-analyze is missing (Debian: apt-get install systemd)"; exit 1; }
variant=$(basename "$(dirname "$SCHEMASYNCD")")
make_install() { env -u MAKEFLAGS -u MAKELEVEL make --no-print-directory VARIANT="$variant" "$@" install; }

# --- into a package's folder
expect 0 make_install DESTDIR="$work/package" PREFIX=/usr
expect 0 "$work/package/usr/bin/schemasyncd" --version
out "^schemasyncd $(cat VERSION) "
same "what is installed" "$(cd "$work/package" && find . -type f ! -name README.md | sort | xargs)" \
    "./usr/bin/schemasyncd ./usr/lib/systemd/system/schemasyncd.service ./usr/share/doc/schemasyncd/LICENSE ./usr/share/doc/schemasyncd/schemasyncd.yaml"
same "modes" "$(stat -c %a "$work"/package/usr/{bin/schemasyncd,lib/systemd/system/schemasyncd.service,share/doc/schemasyncd/schemasyncd.yaml} | xargs)" "755 644 644"
expect 0 "$SCHEMASYNCD" --config "$work/package/usr/share/doc/schemasyncd/schemasyncd.yaml" check
unit=$work/package/usr/lib/systemd/system/schemasyncd.service
expect 0 cat "$unit"
out '^ExecStart=/usr/bin/schemasyncd run$'
no_out '/usr/local/bin/schemasyncd'
no_out "$work"

# --- as it stands in the source, it is the unit for the default prefix
expect 0 make_install DESTDIR="$work/local"
expect 0 cmp systemd/schemasyncd.service "$work/local/usr/local/lib/systemd/system/schemasyncd.service"

# --- with its program where it says: systemd has no remark (a faulty key is one, and no failure)
expect 0 make_install PREFIX="$work/usr"
unit=$work/usr/lib/systemd/system/schemasyncd.service
verify() { systemd-analyze verify "$1"; }
expect 0 verify "$unit"
same "systemd's remarks" "$(cat "$work/err")" ""
mkdir "$work/faulty"
sed 's/^WatchdogSec=.*/WatchdogSecs=30s/' "$unit" >"$work/faulty/schemasyncd.service"
verify "$work/faulty/schemasyncd.service" >"$work/out" 2>"$work/err"
err 'WatchdogSecs'

# --- exposure 1.2 at most
exposure() { systemd-analyze security --offline=yes --no-pager --threshold="$1" "$unit"; }
expect 0 exposure 12
out 'Overall exposure level for schemasyncd.service: (0\.[0-9]|1\.[012]) OK'
expect 1 exposure 5

# --- what the exposure does not see
expect 0 cat "$unit"
for line in Type=notify WatchdogSec=30s Restart=on-failure RestartPreventExitStatus=78 StartLimitIntervalSec=0 NoExecPaths=/ LimitCORE=0; do
    out "^$line\$"
done
same "the check comes before the signal" "$(sed -n 's/^ExecReload=//p' "$unit" | xargs -d '\n' -n 1 basename | xargs)" "schemasyncd check kill -HUP \$MAINPID"
# What ExecStart= and ExecReload= run must be in ExecPaths=.
while read -r program; do
    expect 0 grep -qE "^ExecPaths=(.* )?$program( |\$)" "$unit"
done < <(sed -nE 's/^Exec(Start|Reload)=([^ ]+).*/\2/p' "$unit" | sort -u)
# No value has a comment behind it, which would be part of it; no key of later systemds.
expect 1 grep -nE '^[A-Za-z]+=.*[ 	]#' "$unit"
expect 1 grep -nE '^(RestartSteps|RestartMaxDelaySec)=|notify-reload' "$unit"
expect_done
