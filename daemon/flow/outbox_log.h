/* What the log says of events on their way, and of the heartbeat. */
#pragma once

#include "service/heartbeat.h"
#include "service/outbox_queue.h"

/* Logs what the outbox tells; needs no userdata. */
extern const struct outbox_observer outbox_log_observer;

/* For heartbeat_options. */
void heartbeat_log(enum heartbeat_state state, const char *why, void *userdata);
