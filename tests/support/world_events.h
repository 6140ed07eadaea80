/* The events that the program has written, held against what is documented of them. */
#pragma once

#include "world.h"

/* Checks each row of deliveries: 20 KiB at most, valid by the schema of its type, read back, and formatted
 * for Slack and PagerDuty. Returns what is wrong with the first that is not so; NULL: nothing. */
const char *world_event_mistake(void);

/* The same; a mistake fails the test. Returns how many there are. */
#define world_check_events() world_check_events_at(WORLD_HERE)
size_t world_check_events_at(struct world_place place);
