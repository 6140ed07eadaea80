/* The rules that judge changes, by their stable ids, as the documentation lists them. */
#pragma once

#include <stddef.h>

/* The ids in the documentation's order; NULL ends them. */
extern const char *const rule_ids[];

/* The index of an id in that list, -1 where it is none. */
int rule_find(const char *id);
