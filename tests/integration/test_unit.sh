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
installed() { (cd "$work/package/usr" && find bin lib share -type f ! -name README.md | sort | xargs); }
same "what is installed" "$(installed)" "$(
    {
        echo bin/schemasyncd lib/systemd/system/schemasyncd{,@}.service lib/systemd/catalog/schemasyncd.catalog \
            share/doc/schemasyncd/{LICENSE,schemasyncd.yaml} share/schemasyncd/{sql/roles.sql,schemasyncd.schema.json,prometheus-rules.yaml} \
            share/man/{man8/schemasyncd.8,man5/schemasyncd.yaml.5,man7/schemasync-tables.7} \
            share/bash-completion/completions/schemasyncd share/zsh/site-functions/_schemasyncd
        (cd systemd/examples && printf 'share/doc/schemasyncd/systemd/%s ' *.conf)
        (cd config/events && printf 'share/schemasyncd/events/%s ' *.schema.json)
    } | xargs -n 1 | sort | xargs
)"
same "modes" "$(cd "$work/package/usr" && find bin lib share -type f ! -path bin/schemasyncd ! -perm 644)" ""
same "the program's mode" "$(stat -c %a "$work/package/usr/bin/schemasyncd")" 755
expect 0 "$SCHEMASYNCD" --config "$work/package/usr/share/doc/schemasyncd/schemasyncd.yaml" check
unit=$work/package/usr/lib/systemd/system/schemasyncd.service
expect 0 cat "$unit"
out '^ExecStart=/usr/bin/schemasyncd run$'
no_out '/usr/local/bin/schemasyncd'
no_out "$work"

# --- as it stands in the source, it is the unit for the default prefix
expect 0 make_install DESTDIR="$work/local"
for unit in schemasyncd.service schemasyncd@.service; do
    expect 0 cmp "systemd/$unit" "$work/local/usr/local/lib/systemd/system/$unit"
done

# --- the unit of many differs from the unit of one by its name alone
same "what the template has of its own" "$(diff <(sed '/^#/d; /^$/d' systemd/schemasyncd.service) <(sed '/^#/d; /^$/d' systemd/schemasyncd@.service) | grep '^>')" \
    "> Description=Mirror of destination schemas in PostgreSQL (%i)
> ExecStart=/usr/local/bin/schemasyncd --config /etc/schemasyncd/%i/schemasyncd.yaml run
> ExecReload=/usr/local/bin/schemasyncd --config /etc/schemasyncd/%i/schemasyncd.yaml check
> User=schemasyncd-%i
> ConfigurationDirectory=schemasyncd/%i"

# --- with its program where it says: systemd has no remark (a faulty key is one, and no failure)
expect 0 make_install PREFIX="$work/usr"
units=$work/usr/lib/systemd/system unit=$work/usr/lib/systemd/system/schemasyncd.service
verify() { systemd-analyze verify --man=no "$1"; } # whether man is installed is not asked here
for one in "$unit" "$units/schemasyncd@.service"; do
    expect 0 verify "$one"
    same "systemd's remarks" "$(cat "$work/err")" ""
done
mkdir "$work/faulty"
sed 's/^WatchdogSec=.*/WatchdogSecs=30s/' "$unit" >"$work/faulty/schemasyncd.service"
verify "$work/faulty/schemasyncd.service" >"$work/out" 2>"$work/err"
err 'WatchdogSecs'
# Each documented drop-in as well; the program of the example need not be there.
for drop_in in systemd/examples/*.conf; do
    folder=$work/$(basename "$drop_in" .conf)
    mkdir -p "$folder/schemasyncd.service.d"
    cp "$unit" "$folder"
    cp "$drop_in" "$folder/schemasyncd.service.d"
    expect 0 verify "$folder/schemasyncd.service"
    same "systemd's remarks on $drop_in" "$(cat "$work/err")" ""
done

# --- exposure 1.1 at most, as shipped; 1.0 with the list of addresses
exposure() { systemd-analyze security --offline=yes --no-pager --threshold="$1" "$2"; }
for one in "$unit" "$units/schemasyncd@.service"; do
    expect 0 exposure 11 "$one"
    out 'Overall exposure level for schemasyncd(@i)?.service: (0\.[0-9]|1\.[01]) OK'
done
expect 0 exposure 10 "$work/addresses/schemasyncd.service"
expect 1 exposure 5 "$unit"
for drop_in in credentials credentials-encrypted client-certificate exec-alert; do # none of the others opens it
    expect 0 exposure 11 "$work/$drop_in/schemasyncd.service"
done

# --- the catalog has a text for each message, and for nothing else
messages() { sed -nE 's/^#define MESSAGE_[A-Z_]+ +"([0-9a-f]{32})".*/\1/p' daemon/base/messages.h | sort; }
same "the catalog's messages" "$(sed -nE 's/^-- ([0-9a-f]{32})$/\1/p' systemd/schemasyncd.catalog | sort)" "$(messages)"
same "no id is given twice" "$(messages | uniq -d)" ""
expect 0 test "$(messages | wc -l)" -gt 20
expect 0 journalctl --root="$work/local" --update-catalog
# Each message is used, and each field that a text shows is one that some line has.
for message in $(sed -nE 's/^#define (MESSAGE_[A-Z_]+) .*/\1/p' daemon/base/messages.h); do
    expect 0 grep -rqw --include='*.c' "$message" daemon
done
for field in $(grep -oE '@SCHEMASYNCD_[A-Z_]+@' systemd/schemasyncd.catalog | sort -u | sed 's/@SCHEMASYNCD_//; s/@//' | tr '[:upper:]' '[:lower:]'); do
    expect 0 grep -rqF "{\"$field\", " --include='*.c' daemon
done

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
