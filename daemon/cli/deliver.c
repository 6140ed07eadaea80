#include "cli/deliver.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <systemd/sd-event.h>

#include "base/alloc.h"
#include "cli/load.h"
#include "cli/migrate.h"
#include "cli/terminal.h"
#include "cli/worker.h"
#include "io/http.h"
#include "service/outbox_errand.h"

/* How long another process may be busy with the alert. */
static const usec_t patience = 30 * USEC_PER_SEC;

static bool open_all(struct deliverer *deliverer, const struct globals *globals, struct error *ret_error) {
    deliverer->session = session_open(globals, deliverer->config, ret_error);
    if (!deliverer->session ||
        !migrate_check(deliverer->session->event, deliverer->session->database, ret_error))
        return false;
    signal(SIGPIPE, SIG_IGN); /* TLS, and programs, stop reading when they like */
    deliverer->http =
        http_client_new(deliverer->session->event, "schemasyncd/" SCHEMASYNCD_VERSION, 4, ret_error);
    deliverer->worker = worker_name();
    deliverer->store = (struct store){.control = deliverer->session->database,
                                      .worker = deliverer->worker,
                                      .schema = migrate_program_version()};
    return deliverer->http != NULL;
}

int deliverer_open(const struct command *command, const struct globals *globals, struct deliverer *ret) {
    struct error error = {0};
    *ret = (struct deliverer){.command = command};
    ret->config = load_config_or_report(globals);
    if (!ret->config)
        return EXIT_FAULTY_CONFIG;
    return open_all(ret, globals, &error) ? EXIT_DONE : command_failed(command, &error);
}

void deliverer_close(struct deliverer *deliverer) {
    http_client_free(deliverer->http);
    session_close(deliverer->session);
    config_free(deliverer->config);
    free(deliverer->worker);
}

const struct config_alert *deliverer_find_alert(const struct deliverer *deliverer, const char *name) {
    const struct config *config = deliverer->config;
    const struct config_alert *alert = outbox_find_alert(config, name);
    if (alert)
        return alert;
    const char **names = alloc_zero(config->alert_count + 1, sizeof(*names));
    for (size_t i = 0; i < config->alert_count; i++)
        names[i] = config->alerts[i].name;
    (void)command_unknown(deliverer->command, "alert", name, names);
    free(names);
    return NULL;
}

/* What a delivery has come to. */
struct outcome {
    bool over;
    struct delivery_result result;
    struct error error;
};

static void on_done(const struct delivery_result *result, const struct error *error, void *userdata) {
    struct outcome *outcome = userdata;
    outcome->over = true;
    if (error)
        outcome->error = *error;
    else
        outcome->result = *result;
}

static void on_output(const char *alert, const char *delivery_id, const char *line, void *userdata) {
    (void)userdata;
    (void)delivery_id;
    CLEANUP(cleanup_free) char *name = text_harmless(alert);
    printf("%s: the program says: %s\n", name, line);
}

static struct outcome await_outcome(struct deliverer *deliverer, const char *delivery_id) {
    struct outcome outcome = {0};
    struct outbox_context context = {.event = deliverer->session->event,
                                     .http = deliverer->http,
                                     .store = &deliverer->store,
                                     .config = deliverer->config,
                                     .observer = {.output = on_output}};
    struct outbox_errand *errand = outbox_errand_start(&context, delivery_id, patience, on_done, &outcome);
    while (!outcome.over)
        if (sd_event_run(deliverer->session->event, UINT64_MAX) < 0) {
            error_set(&outcome.error, CAUSE_IO, "the event loop failed");
            break;
        }
    outbox_errand_free(errand);
    return outcome;
}

bool deliverer_send(struct deliverer *deliverer, const char *alert, const char *delivery_id) {
    struct outcome outcome = await_outcome(deliverer, delivery_id);
    CLEANUP(cleanup_free) char *name = text_harmless(alert);
    bool failed = error_is_set(&outcome.error),
         delivered = !failed && outcome.result.outcome == DELIVERY_DELIVERED;
    const char *text = failed ? outcome.error.text : outcome.result.text;
    enum error_cause cause = failed ? outcome.error.cause : outcome.result.cause;
    printf("%s: %s: %s\n", name, delivered ? "delivered" : "not delivered", text);
    (void)fflush(stdout);
    deliverer->delivered += delivered;
    deliverer->failed += !delivered;
    deliverer->unreachable += !delivered && error_class(cause)->exit_code == EXIT_OUT_OF_REACH;
    return !failed && (delivered || outcome.result.outcome == DELIVERY_REFUSED);
}

int deliverer_exit_code(const struct deliverer *deliverer) {
    if (deliverer->failed == 0)
        return EXIT_DONE;
    return deliverer->delivered == 0 && deliverer->unreachable == deliverer->failed ? EXIT_OUT_OF_REACH
                                                                                    : EXIT_SOME_FAILED;
}
