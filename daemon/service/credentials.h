/* The secrets of one API key in memory: read where the configuration says, read again after a 401,
 * overwritten at the end. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "core/config.h"
#include "io/http.h"

struct credentials;

/* Nothing is read yet; `config` outlives it. Never NULL. credentials_free() takes NULL. */
struct credentials *credentials_new(const struct config_api *config) MUST_USE;
void credentials_free(struct credentials *credentials);

/* Reads the secrets where that has not been done. False and CAUSE_SECRET (or CAUSE_CONFIG) where one cannot
 * be had: the next call tries again. */
bool credentials_load(struct credentials *credentials, struct error *ret_error);

/* A number that is another after each change of the secrets: to be kept with what was sent. */
unsigned credentials_generation(const struct credentials *credentials);

/* After a 401 for what was sent with `generation`: reads again unless somebody has since. True where there
 * are other secrets now, with which a second try is worth it. */
bool credentials_renew(struct credentials *credentials, unsigned generation);

/* Sets user and password, or the bearer token, of a request: valid until the next change. */
void credentials_apply(const struct credentials *credentials, struct http_request *request);

/* What must not stand in any output, in all forms in which it may come back; ends with NULL. Valid until the
 * next change. */
const char *const *credentials_secrets(const struct credentials *credentials);
