# bash completion for schemasyncd. Made by docs/generate from the program's own tables: change schemasyncd.bash.in.
# shellcheck shell=bash disable=SC2207

# options before the command that take a value
_schemasyncd_takers='--config|--database|--log-level|--log-format'
declare -gA _schemasyncd_words=(
    [-]='--config --database --log-level --log-format --help --version run pull check init migrate status drift fields history accept problems gate ack unack compare alert-test redeliver'
    [run]='--help'
    [pull]='--connection --target --dry-run --exit-code --help'
    [check]='--online --help'
    [init]='--api-key-file --base-url --user --ca-file --help'
    [migrate]='--print --help'
    [status]='--json --help'
    [drift]='--since --connection --target --severity --all --format --help'
    [fields]='--as-of --format --help'
    [history]='--attribute --format --help'
    [accept]='--help'
    [problems]='--format --help'
    [gate]='--all --max-age --help'
    [ack]='--run --connection --target --rule --by --note --help'
    [unack]='--by --note --help'
    [compare]='--ignore --exit-code --format --help'
    [alert-test]='--help'
    [redeliver]='--alert --since --help'
)
declare -gA _schemasyncd_values=(
    ["- --config"]='@files'
    ["- --database"]=''
    ["- --log-level"]='error warning notice info debug'
    ["- --log-format"]='auto text json journal'
    ["pull --connection"]='@connections'
    ["pull --target"]=''
    ["init --api-key-file"]='@files'
    ["init --base-url"]=''
    ["init --user"]=''
    ["init --ca-file"]='@files'
    ["drift --since"]=''
    ["drift --connection"]='@connections'
    ["drift --target"]=''
    ["drift --severity"]='info warning breaking'
    ["drift --format"]='table json csv'
    ["fields --as-of"]=''
    ["fields --format"]='table json csv'
    ["fields word"]='@connections'
    ["history --attribute"]=''
    ["history --format"]='table json csv'
    ["history word"]='@connections'
    ["accept word"]='@connections'
    ["problems --format"]='table json csv'
    ["gate --max-age"]=''
    ["ack --run"]=''
    ["ack --connection"]='@connections'
    ["ack --target"]=''
    ["ack --rule"]='mass-removal target-removed target-added target-name-changed field-removed field-added field-added-must-supply field-name-changed field-description-changed field-type-widened field-type-changed field-source-type-grew field-source-type-shrank field-source-type-changed field-became-must-supply field-required-lifted field-required-not-writable field-became-read-only field-not-createable field-not-updateable field-became-writable field-not-filterable field-association-flipped field-not-encryptable field-not-matchable field-identity-function-removed field-option-gained field-extra-changed field-other-changed mode-removed mode-added mode-label-changed mode-requires-identity mode-capability-lost mode-capability-gained mode-other-changed property-now-required property-capability-lost property-counts-lost property-metadata-object-changed property-changed'
    ["ack --by"]=''
    ["ack --note"]=''
    ["unack --by"]=''
    ["unack --note"]=''
    ["compare --ignore"]=''
    ["compare --format"]='table json csv'
    ["compare word"]='@connections'
    ["redeliver --alert"]=''
    ["redeliver --since"]=''
)

# The names of the connections in the configuration: what stands behind "name:" in lists below "connections:".
_schemasyncd_connections() {
    local config=$1
    [ -r "$config" ] && sed -nE '/^connections:/,/^[a-z]/{ s/^ *- *\{? *name: *"?([^",}#]*[^",}# ]).*/\1/p; }' "$config" 2>/dev/null
}

_schemasyncd() {
    local current=${COMP_WORDS[COMP_CWORD]} command='-' i option='' words
    local config=${SCHEMASYNCD_CONFIG:-/etc/schemasyncd/schemasyncd.yaml}
    for ((i = 1; i < COMP_CWORD; i++)); do
        if [ "${COMP_WORDS[i]}" = --config ] && ((i + 1 < COMP_CWORD)); then config=${COMP_WORDS[i + 1]}; fi
        if [[ ${COMP_WORDS[i]} =~ ^($_schemasyncd_takers)$ ]]; then
            i=$((i + 1))
        elif [[ ${COMP_WORDS[i]} != -* ]]; then
            command=${COMP_WORDS[i]}
            break
        fi
    done
    option=${COMP_WORDS[COMP_CWORD - 1]}
    COMPREPLY=()
    if [[ $option == --* && -n ${_schemasyncd_values[$command $option]+set} ]]; then
        words=${_schemasyncd_values[$command $option]}
    elif [[ $current == -* || $command == - ]]; then
        words=${_schemasyncd_words[$command]-}
    else
        words=${_schemasyncd_values[$command word]-}
    fi
    case $words in
    @files) COMPREPLY=($(compgen -f -- "$current")) ;;
    @connections)
        local IFS=$'\n'
        COMPREPLY=($(compgen -W "$(_schemasyncd_connections "$config")" -- "$current"))
        ;;
    *) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    esac
}
complete -F _schemasyncd schemasyncd
