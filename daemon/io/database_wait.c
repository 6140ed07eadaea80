#include "io/database_wait.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <systemd/sd-event.h>

struct wait {
    bool done;
    struct error error;
    void (*use)(const struct database_result *result, void *userdata);
    void *userdata;
};

static void on_answer(const struct database_result *result, const struct error *error, void *userdata) {
    struct wait *wait = userdata;
    wait->done = true;
    if (error)
        wait->error = *error;
    else if (wait->use)
        wait->use(result, wait->userdata);
}

bool database_run(struct sd_event *event, struct database *database, const struct statement *statement,
                  const char *const *params, size_t param_count, usec_t patience,
                  void (*use)(const struct database_result *result, void *userdata), void *userdata,
                  struct error *ret_error) {
    struct wait wait = {.use = use, .userdata = userdata};
    struct database_call *call =
        database_query(database, statement, params, param_count, patience, on_answer, &wait);
    while (!wait.done) {
        int turned =
            sd_event_get_state(event) == SD_EVENT_FINISHED ? -ESTALE : sd_event_run(event, UINT64_MAX);
        if (turned < 0 && !wait.done) {
            database_cancel(call);
            if (turned == -ESTALE)
                return error_set(ret_error, CAUSE_CANCELLED, "stopped while the database worked");
            return error_set(ret_error, CAUSE_IO, "the event loop failed: %s", strerror(-turned));
        }
    }
    if (error_is_set(&wait.error) && ret_error)
        *ret_error = wait.error;
    return !error_is_set(&wait.error);
}
