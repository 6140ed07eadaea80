/* The MESSAGE_IDs of the lines that people act on. systemd/schemasyncd.catalog has a text for each (a test
 * holds the two against each other); an id keeps its meaning for ever. Use:
 *     log_error(LOG_FIELDS(LOG_ID(MESSAGE_DATABASE_AWAY), {"connection", name}), "...") */
#pragma once

#include "base/error.h"
#include "base/log.h"

#define LOG_ID(message) \
    { LOG_MESSAGE_ID, message }

/* clang-format off */
#define MESSAGE_STARTED           "c20361ff3f694e338f7efe7e8e61d08e" /* the daemon has started */
#define MESSAGE_WATCHDOG_ON       "99c18bccb50f4579938962a548441278" /* systemd watches the daemon's loop */
#define MESSAGE_STOP_FORCED       "ae8d2387a6c342d9ae9b8fdaa465863a" /* the daemon ended before all that was under way had */
#define MESSAGE_CONFIG_FAULTY     "2d1fa7a16f35421a80d37c8a967040fd" /* the configuration is faulty */
#define MESSAGE_CONFIG_RELOADED   "9586e2dbab804fb98360f862c4c9d835" /* the configuration has been read again */
#define MESSAGE_CONFIG_DIFFERS    "1458893858104e33a544bb48f9fb822e" /* another daemon on this database has another configuration */
#define MESSAGE_SECRET_UNREADABLE "073f777033194550841aa1d4257abf59" /* a secret that the configuration names cannot be read */
#define MESSAGE_DATABASE_AWAY     "05f2f7f4529a406d84d8f0dfeeab3d52" /* the database is away */
#define MESSAGE_DATABASE_BACK     "ee8dbe5c187b4ce3b308e9aeac88477b" /* the database is back */
#define MESSAGE_DATABASE_RIGHTS   "043772acc4e64eb9b65c83ba5db132cb" /* the database role lacks a right */
#define MESSAGE_SCHEMA_NEWER      "b225b41642544968a3c56afcb9302cbe" /* the database's schema is newer than the program */
#define MESSAGE_SCHEMA_OLDER      "35447663bde447859b74f3e695f37ff4" /* the database's schema is older than the program */
#define MESSAGE_SCHEMA_MIGRATED   "2020273a5fbf498d9ab8fa4136d9b319" /* the database's schema has been brought up to date */
#define MESSAGE_KEY_REFUSED       "9ceed378f16b4c89a50378b568ec44b9" /* the API refuses the key */
#define MESSAGE_UPSTREAM_AWAY     "c03b1a7c02804cc4b1a6d9f7d016749a" /* the API is away */
#define MESSAGE_RUN_FAILED        "402bd24f33fe4027b39610cfa648577d" /* a pass over a connection has failed */
#define MESSAGE_TARGET_FAILED     "5ea43920cc234004a11c7b4519ffaba2" /* a look at a target has failed */
#define MESSAGE_SYNCS_UNKNOWN     "f09bda5ab54b4947b163308000478cbb" /* which syncs use what is not known */
#define MESSAGE_HELD_BACK         "3f906aed7e7b4eb4a89e91413d66d38d" /* a mass removal is held back */
#define MESSAGE_CHANGE_BREAKING   "d56b3459583b4417b57cc238be3027eb" /* a breaking change has been recorded */
#define MESSAGE_CHANGE_WARNING    "7dcb00d3b19a4b9e9912322a324fef42" /* a change that may matter has been recorded */
#define MESSAGE_CHANGES_RECORDED  "e1a3b4d6aec2423d999819a5222e4e04" /* the sum of what a pass has recorded */
#define MESSAGE_ALERT_PAUSED      "dd2b06cbc0784d5cad4038680d7a838e" /* an alert is paused: its receiver wants no more */
#define MESSAGE_DELIVERY_GIVEN_UP "fa1f3c98c6674a219984fe78c4bcea2c" /* an event has not reached its receiver in time */
#define MESSAGE_DELIVERY_FAILING  "e1523f297fa2440b8eea9a1413baca05" /* an alert's receiver does not take what it is sent */
/* clang-format on */

/* The message of a cause that has one of its own, whoever comes upon it; else `otherwise`, which may be NULL.
 */
const char *message_of_cause(enum error_cause cause, const char *otherwise);
