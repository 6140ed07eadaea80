#include "help.h"
#include "settings.h"

#include <stdio.h>

static const char OPTIONS[] =
    "Usage: simulator [OPTION]…\n"
    "Plays the upstream API, so that tests, demos and benchmarks need no account.\n"
    "\n"
    "  --listen 127.0.0.1:PORT  where to listen (default 127.0.0.1:0; port 0: any that is free)\n"
    "  --port-file FILE         write the port there once the simulator listens\n"
    "  --data DIR               the data files (default: tests/simulator/data if it is there; \"\": none)\n"
    "  --key KEY                the API key for Bearer authorization (default: simulator-key)\n"
    "  --basic USER:PASSWORD    accept this for Basic authorization; without --key it alone is accepted\n"
    "  --generate C:T:F[:S]     add C connections with T targets of F fields, and S syncs, each; ids are\n"
    "                           00000000-0000-4000-8000-000000000001…, obj_00001…, f_001…\n"
    "  --tls-cert F --tls-key F serve HTTPS with this certificate and key (PEM)\n"
    "  --parent-death           end when the process that started the simulator ends\n"
    "  --help                   print this\n"
    "\n"
    "Control requests take and give JSON and need no key:\n"
    "  POST   /_control/reset     back to the seed data; clears all that follows\n"
    "  POST   /_control/edit      an op, or an array of ops, on what is upstream\n"
    "  GET    /_control/settings  all settings; POST: change some\n"
    "  GET    /_control/faults    the rules; POST: add rules; DELETE: take all away\n"
    "  GET    /_control/log       requests seen (?since=SEQ&path=GLOB); DELETE: forget them\n"
    "  GET    /_control/counts    requests by route and status, most at once; DELETE: to zero\n"
    "  GET    /_control/truth     ?connection=ID-or-NAME[&target=ID]: what is upstream\n"
    "  POST   /_control/drift     {\"connection\", \"share\": 0.01, \"seed\": 1}: change a type in some targets\n";

static const char OPS[] =
    "\n"
    "Ops of edit; \"connection\" is an id or a name, \"target\" an id, a glob or \"$new\" (the one that would\n"
    "be created), \"field\" an id, a glob, an index or an array of these; \"set\" merges members, \"unset\"\n"
    "removes those named; \"cached\": true applies an op to the cache as well, \"only\" to nothing else:\n"
    "  field_set {field, set, unset}        field_add {value, position}     field_remove {field}\n"
    "  field_move {field, position}         fields_set {value}              fields_set_all {set, unset}\n"
    "  mode_set {mode, set, unset}          mode_add {value, position}      mode_remove {mode}\n"
    "  property_set {set, unset}            target_set {set, unset}         target_remove\n"
    "  target_add {value} or {like, id, name}                               raw_target {raw or raw_base64}\n"
    "  list_set {listed, gone_fields}       connection_set {set, unset}     connection_add {value}\n"
    "  connection_remove                    creation_set {set, unset}       sync_add {value}\n"
    "  sync_set {sync, set, unset, touch}   sync_remove {sync}\n";

static const char FAULTS[] =
    "\n"
    "Rules of faults; the first that matches a request and is not used up is applied:\n"
    "  which:  method; path, query (globs); skip (let so many pass); times (then catch so many)\n"
    "  what:   status, headers, message, body (text or JSON) or body_base64, redirect: URL\n"
    "          delay_ms, hang, reset (close without answer), cut: BYTES, drip: {bytes, every_ms}\n"
    "          replace: [[FROM, TO]], size: BYTES, deep: LEVELS, endless, gzip_bomb: BYTES\n"
    "          recorded: false (the Idempotency-Key does not keep the fault's answer)\n"
    "          executed: false (a request that is reset was not run)\n"
    "\n"
    "Settings:\n";

void print_help(void) {
    fputs(OPTIONS, stdout);
    fputs(OPS, stdout);
    fputs(FAULTS, stdout);
    settings_help();
}
