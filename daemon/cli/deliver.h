/* What alert-test and redeliver share: events sent now, one after another, and what came back of each. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "cli/command.h"
#include "cli/connect.h"
#include "core/config.h"
#include "service/store.h"

struct http_client;

struct deliverer {
    const struct command *command;
    struct config *config;
    struct session *session;
    struct http_client *http;
    struct store store;
    char *worker;
    size_t delivered, failed, unreachable; /* `unreachable`: of the failed ones */
};

/* The configuration, the database (whose schema must be this program's), and all that sends. Returns
 * EXIT_DONE, or the code to end with, what is wrong then being told. deliverer_close() in both cases. */
int deliverer_open(const struct command *command, const struct globals *globals, struct deliverer *ret);
void deliverer_close(struct deliverer *deliverer);

/* Sends one delivery, which is pending, and prints what came back; waits for a queue that another process
 * works on. Returns whether the next one of the same alert may be sent: it would be held back by one that did
 * not arrive. */
bool deliverer_send(struct deliverer *deliverer, const char *alert, const char *delivery_id);

/* 0: all delivered; 69: nothing could be reached; else 1. */
int deliverer_exit_code(const struct deliverer *deliverer);

/* The alert of that name; where there is none, that is told, with which one may be meant. */
const struct config_alert *deliverer_find_alert(const struct deliverer *deliverer, const char *name);
