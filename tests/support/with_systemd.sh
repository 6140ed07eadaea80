#!/usr/bin/env bash
# Runs COMMAND as a unit of a throw-away systemd, as root, in half a second more than it takes: PID 1 of its own, a view of this file
# system whose changes are gone afterwards, no network but the loopback, none of the host's services. The folder that it is called in
# and the environment are COMMAND's too; what COMMAND writes comes out at the end; returns its exit code, or 125 where no systemd can
# be had. It isolates tests that are trusted; it is no jail. With WITH_SYSTEMD_JOURNAL=FILE the journal is kept there,
# as `journalctl -o export` writes it.
# usage: tests/support/with_systemd.sh COMMAND [ARGUMENT...]
# Needs root and a cgroup2 hierarchy that can be written; `with_systemd.sh --possible` says whether, and why not.
set -u

die() {
    echo "with_systemd: $*" >&2
    exit 125
}

hierarchy() { findmnt -n -t cgroup2 -o TARGET 2>/dev/null | head -n 1; }

# Why it cannot be done; nothing: it can.
obstacle() {
    [ "$(id -u)" -eq 0 ] || { echo "it needs root"; return; }
    [ -x /lib/systemd/systemd ] || { echo "there is no systemd (Debian: apt-get install systemd dbus libnss-systemd)"; return; }
    local cgroups probe
    cgroups=$(hierarchy)
    [ -n "$cgroups" ] || { echo "no cgroup2 hierarchy is mounted"; return; }
    probe=$cgroups/schemasyncd-probe.$$
    mkdir "$probe" 2>/dev/null || { echo "$cgroups cannot be written"; return; }
    rmdir "$probe"
    unshare --mount --pid --fork --uts --ipc --net true 2>/dev/null || { echo "no namespaces are to be had"; return; }
}

# --- Outside: a cgroup and a folder, which go at the end; those of runs that were killed go at the next.

end_cgroup() {
    [ -d "$1" ] || return 0
    [ ! -w "$1/cgroup.kill" ] || echo 1 >"$1/cgroup.kill"
    local try
    for try in $(seq 100); do
        find "$1" -depth -type d -exec rmdir {} + 2>/dev/null
        [ -d "$1" ] || return 0
        find "$1" -name cgroup.procs -exec cat {} + 2>/dev/null | grep -v '^0$' | xargs -r kill -KILL 2>/dev/null
        sleep 0.02
    done
    echo "with_systemd: $1 cannot be removed" >&2
}

sweep() {
    local leftover owner
    for leftover in "$1"/schemasyncd-systemd.* /tmp/schemasyncd-systemd.*; do
        [ -d "$leftover" ] || continue
        owner=${leftover##*schemasyncd-systemd.} owner=${owner%%.*}
        [ ! -e "/proc/$owner/stat" ] || continue
        case $leftover in
        /tmp/*) rm -rf --one-file-system "$leftover" ;;
        *) end_cgroup "$leftover" ;;
        esac
    done
}

outside() {
    local why
    why=$(obstacle)
    [ -z "$why" ] || die "$why"
    cgroups=$(hierarchy)
    sweep "$cgroups"
    cgroup=$cgroups/schemasyncd-systemd.$$
    mkdir "$cgroup" || die "no cgroup"
    folder=$(mktemp -d "/tmp/schemasyncd-systemd.$$.XXXXXX") || die "no temporary directory"
    mkdir "$folder/space" "$folder/shared"
    : >"$folder/shared/output"
    {
        export -p
        printf 'cd %q || exit 125\n' "$PWD"
        printf '%q ' "$@"
        printf '\nstatus=$?\njournalctl -o export >/run/with_systemd/journal 2>/dev/null\nexit $status\n'
    } >"$folder/shared/start"
    trap 'interrupted=130' INT
    trap 'interrupted=143' TERM HUP
    interrupted=0
    setpriv --pdeathsig KILL -- unshare --mount --propagation private --pid --fork --kill-child=KILL --uts --ipc --net \
        bash "$0" --first "$cgroup" "$folder" </dev/null >"$folder/console" 2>&1 &
    child=$!
    wait "$child"
    local status=$?
    [ "$interrupted" -eq 0 ] || { status=$interrupted; kill -KILL "$child" 2>/dev/null; }
    cat "$folder/shared/output"
    if [ "$status" -ne 0 ] && [ ! -s "$folder/shared/output" ]; then
        cat "$folder/console" >&2
        status=125
    fi
    [ -z "${WITH_SYSTEMD_JOURNAL:-}" ] || [ ! -s "$folder/shared/journal" ] || cp "$folder/shared/journal" "$WITH_SYSTEMD_JOURNAL"
    end_cgroup "$cgroup"
    rm -rf --one-file-system "$folder"
    exit "$status"
}

# --- Inside, as PID 1 of the new namespaces. It enters the cgroup and then a namespace of cgroups: the hierarchy that is mounted
# afterwards shows that subtree alone.

first() {
    echo 0 >"$1/cgroup.procs" || die "the cgroup cannot be entered"
    exec unshare --cgroup bash "$0" --second "$2"
}

# Devices that a service may want; not the host's kernel log.
make_devices() {
    mount -t tmpfs -o mode=0755,nosuid dev "$1"
    mknod -m 0666 "$1/null" c 1 3
    mknod -m 0666 "$1/zero" c 1 5
    mknod -m 0666 "$1/full" c 1 7
    mknod -m 0666 "$1/random" c 1 8
    mknod -m 0666 "$1/urandom" c 1 9
    mknod -m 0666 "$1/tty" c 5 0
    mkdir "$1/pts" "$1/shm"
    mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$1/pts"
    ln -s pts/ptmx "$1/ptmx"
    ln -s /proc/self/fd "$1/fd"
    mount -t tmpfs -o mode=1777,nosuid,nodev shm "$1/shm"
}

# None of the host's units starts, and none of its generators runs.
empty_system() {
    local name
    : >"$1/etc/fstab"
    tr -d - </proc/sys/kernel/random/uuid >"$1/etc/machine-id"
    rm -rf "$1"/etc/systemd/system/*.wants "$1"/etc/systemd/system/*.requires "$1"/lib/systemd/system/*.wants \
        "$1"/lib/systemd/system/*.requires
    mkdir -p "$1/etc/systemd/system-generators" "$1/etc/systemd/journald.conf.d"
    for name in "$1"/lib/systemd/system-generators/* "$1"/usr/local/lib/systemd/system-generators/*; do
        [ ! -e "$name" ] || ln -sf /dev/null "$1/etc/systemd/system-generators/${name##*/}"
    done
    printf '[Journal]\nStorage=volatile\nRateLimitIntervalSec=0\nRateLimitBurst=0\nForwardToSyslog=no\n' \
        >"$1/etc/systemd/journald.conf.d/with_systemd.conf"
    cat >"$1/etc/systemd/system/with_systemd.target" <<END
[Unit]
Description=All that is needed
Requires=basic.target
Wants=systemd-journald.service dbus.socket with_systemd.service
After=basic.target
AllowIsolate=yes
END
    cat >"$1/etc/systemd/system/with_systemd.service" <<END
[Unit]
Description=The test
After=basic.target systemd-journald.service dbus.socket
SuccessAction=exit-force
FailureAction=exit-force
[Service]
Type=exec
ExecStart=/bin/bash /run/with_systemd/start
StandardOutput=append:/run/with_systemd/output
StandardError=inherit
RuntimeMaxSec=${WITH_SYSTEMD_LONGEST:-540}
TimeoutStopSec=5
END
}

second() {
    set -e
    local folder=$1 space=$1/space root where
    mount -t tmpfs -o mode=0755 space "$space"
    mkdir "$space"/{lower,upper,work,root}
    root=$space/root
    mount --bind / "$space/lower"
    mount -o remount,bind,ro "$space/lower"
    mount -t overlay -o "lowerdir=$space/lower,upperdir=$space/upper,workdir=$space/work" overlay "$root"
    empty_system "$root"

    mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
    mount --bind "$root/proc/sys" "$root/proc/sys"
    mount -o remount,bind,ro "$root/proc/sys"
    mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$root/sys"
    mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$root/sys/fs/cgroup"
    make_devices "$root/dev"
    mount -t tmpfs -o mode=0755,nosuid,nodev run "$root/run"
    mount -t tmpfs -o mode=1777,nosuid,nodev tmp "$root/tmp"
    # The folder of the call, where it is not to be seen yet: the same, and changes to it are lost as well.
    where=$(findmnt -n -T "$PWD" -o TARGET)
    case $where:$PWD in
    /:/tmp/* | /:/run/* | /[!:]*:*)
        mkdir -p "$space"/{upper,work}-here "$root$PWD"
        mount -t overlay -o "lowerdir=$PWD,upperdir=$space/upper-here,workdir=$space/work-here" overlay "$root$PWD"
        ;;
    esac
    mkdir "$root/run/with_systemd"
    mount --bind "$folder/shared" "$root/run/with_systemd"

    hostname with-systemd
    cd "$root"
    pivot_root . .
    umount -l .
    mount --make-rshared / # without it a service's credentials cannot be read by it
    cd /
    exec env -i container=schemasyncd PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        setpriv --bounding-set -sys_module,-sys_rawio,-sys_boot,-sys_time,-mac_admin,-mac_override,-wake_alarm,-block_suspend,-syslog \
        /lib/systemd/systemd --system --unit=with_systemd.target --log-target=journal --show-status=0
}

case ${1:-} in
'') die "usage: with_systemd.sh COMMAND [ARGUMENT...]" ;;
--possible)
    why=$(obstacle)
    [ -z "$why" ] || { echo "$why"; exit 1; }
    ;;
--first | --second) "${1#--}" "${@:2}" ;;
*) outside "$@" ;;
esac
