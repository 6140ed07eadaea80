/* The control requests, below /_control/. */
#ifndef SIMULATOR_CONTROL_H
#define SIMULATOR_CONTROL_H

#include "reply.h"
#include "request.h"
#include "simulator.h"

/* Whether it is a control request. */
bool is_control(const struct request *request);

/* Answers a control request. */
void control_answer(struct simulator *simulator, const struct request *request, struct reply *reply);

#endif
