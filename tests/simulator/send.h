/* Puts an answer on the wire, whole or in the ways that a fault asks for. */
#ifndef SIMULATOR_SEND_H
#define SIMULATOR_SEND_H

#include "faults.h"
#include "reply.h"

#include <microhttpd.h>

/* Sends the reply as the fault (may be NULL) says, compressed if the client takes that. Uses up the reply. */
enum MHD_Result send_reply(struct MHD_Connection *connection, struct reply *reply, const struct fault *fault,
                           const char *accept_encoding);

/* Closes the connection without an answer: what the caller returns then. */
enum MHD_Result send_nothing(struct MHD_Connection *connection);

#endif
