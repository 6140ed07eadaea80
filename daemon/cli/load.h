/* The configuration, for a command that cannot do without. */
#pragma once

#include "base/macros.h"
#include "cli/command.h"
#include "core/config.h"

DEFINE_CLEANUP(struct config *, config, config_free)

/* Reads the configuration that the globals name. NULL where it is faulty or not there: every error is on
 * stderr, one a line. */
struct config *load_config_or_report(const struct globals *globals) MUST_USE;
