/* What `status` says of incidents and of events on their way. */
#pragma once

#include "cli/connect.h"
#include "cli/table.h"

/* Open incidents, then each alert with events that are pending, paused or given up; as `style` says: for
 * people (nothing where all is well), or two more members of the object that is being written. False and
 * *ret_error where the database fails. */
bool status_print_alerts(struct session *session, const struct table_style *style, struct error *ret_error);
