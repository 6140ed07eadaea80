# Each property of the running unit, what the kernel says of the process, and what the drop-ins do.

systemctl show schemasyncd >"$work/show"
shown() { sed -n "s/^$1=//p" "$work/show"; }
# property=value as `systemctl show` tells it
while IFS='=' read -r name value; do
    same "$name" "$(shown "$name")" "$value"
done <<'END'
Type=notify
NotifyAccess=main
Restart=on-failure
RestartPreventExitStatus=78
StartLimitIntervalUSec=0
WatchdogUSec=30s
TimeoutStartUSec=1min
TimeoutStopUSec=15s
OOMPolicy=kill
User=schemasyncd
DynamicUser=yes
UMask=0077
KeyringMode=private
RemoveIPC=yes
PrivateDevices=yes
DevicePolicy=closed
PrivateMounts=yes
PrivateTmp=yes
PrivateUsers=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProcSubset=pid
ProtectSystem=strict
NoExecPaths=/
CapabilityBoundingSet=
AmbientCapabilities=
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallErrorNumber=1
LimitCORE=0
LimitCORESoft=0
LimitNOFILE=16384
MemoryMax=536870912
TasksMax=64
ConfigurationDirectory=schemasyncd
END
same "ExecPaths" "$(shown ExecPaths | xargs -n 1 | LC_ALL=C sort | xargs)" "-/usr/lib64 /usr/bin/kill /usr/bin/schemasyncd /usr/lib"
# Nothing in the unit is left out above, but for what is no property of its own.
known=$(sed -n "/^while IFS/,/^END/p" tests/systemd/sandbox.sh | sed -nE 's/^([A-Za-z]+)=.*/\1/p')
for name in $(sed -nE '/^\[Service\]/,/^\[Install\]/s/^([A-Za-z]+)=.*/\1/p' /usr/lib/systemd/system/schemasyncd.service | sort -u); do
    case $name in
    ExecStart | ExecReload | ExecPaths | RestartSec | SystemCallFilter) continue ;;
    *Sec) name=${name%Sec}USec ;;
    esac
    expect 0 grep -qx "$name" <<<"$known"
done
for call in mount ptrace reboot init_module bpf swapon chroot setpriority sched_setscheduler; do
    expect 1 grep -qw "$call" <<<"$(shown SystemCallFilter)"
done

# --- what the kernel says
status() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$(pid)/status"; }
same "capabilities" "$(status CapEff) $(status CapPrm) $(status CapBnd) $(status CapAmb)" "0000000000000000 0000000000000000 0000000000000000 0000000000000000"
same "privileges, filter" "$(status NoNewPrivs) $(status Seccomp)" "1 2"
expect 0 test "$(status Uid | cut -f 1)" -gt 61183
# Nothing but the daemon may be run there, not even by root.
expect 126 nsenter -t "$(pid)" -m -- /usr/bin/true
looks() { ls "/proc/$(pid)/root$1" 2>/dev/null | wc -l; }
same "home directories" "$(looks /root)" 0
same "devices" "$(find "/proc/$(pid)/root/dev" -type b -o -name kmsg -o -name mem)" ""
# Its files are read-only, for root too; its own configuration for the service's user.
for folder in /etc /usr /var /var/lib /home; do
    expect 1 touch "/proc/$(pid)/root$folder/schemasyncd-was-here"
done
expect 1 setpriv --reuid "$(status Uid | cut -f 1)" --clear-groups touch /etc/schemasyncd/schemasyncd-was-here
err 'Permission denied'

# --- addresses: the documented list does not have the API's; localhost alone has
short() { sed -i 's/timeout: 60s/timeout: 2s/' "$config"; } # what is refused looks like a network that is away
configure
short
drop_in addresses
sed -i 's/^IPAddressAllow=localhost /IPAddressAllow=/' /etc/systemd/system/schemasyncd.service.d/addresses.conf
systemctl daemon-reload
expect 0 systemctl restart schemasyncd
mark_journal
run_once
wait_for 10 logged UPSTREAM_AWAY
expect 0 is_true "(SELECT outcome = 'failed' FROM runs ORDER BY started_at DESC LIMIT 1)"
drop_out addresses
drop_in addresses
expect 0 systemctl restart schemasyncd
run_once
expect 0 is_true "(SELECT outcome <> 'failed' FROM runs ORDER BY started_at DESC LIMIT 1)"
exposure() { systemd-analyze security --no-pager --threshold="$1" schemasyncd.service; }
expect 0 exposure 10
drop_out addresses
expect 0 systemctl restart schemasyncd
expect 0 exposure 11

# --- nothing was killed or refused on the way
expect 1 grep -qE 'status=31/SYS|SECCOMP' <(journalctl -q -o cat)
