/* The end of a pull: events that are due are tried once, each. */
#pragma once

#include "core/config.h"

struct sd_event;
struct http_client;
struct store;
struct pull_deliveries;

/* Starts; `done` is called once, not from within. Never NULL. pull_deliveries_free() takes NULL. */
struct pull_deliveries *pull_deliveries_start(struct sd_event *event, struct http_client *http,
                                              struct store *store, const struct config *config,
                                              void (*done)(void *userdata), void *userdata) MUST_USE;
void pull_deliveries_free(struct pull_deliveries *deliveries);

/* Ends it early, in order: `done` follows, perhaps from within. Takes NULL: then nothing follows. */
void pull_deliveries_stop(struct pull_deliveries *deliveries);

/* How many events went out, and what is wrong with the alerts whose did not. Prints nothing where there were
 * none; takes NULL. */
void pull_deliveries_print(const struct pull_deliveries *deliveries);
