/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TEXT_MATCH_H
#define BACKBURN_TEXT_MATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "contract/shape.h"

/*
 * What a probe expects of the text it gets back: an HTTP body, the output of a program, the first
 * bytes of a TCP server. The same object in a scenario and in an order to the prober; its texts
 * are literal, without placeholders.
 */
struct json_match {
	char *pointer; /* RFC 6901 */
	cJSON *equals;
};

struct text_match {
	char *contains;
	char *starts_with;
	char *equals; /* one line end behind the text is ignored */
	struct json_match *json;
};

extern const struct shape text_match_shape;

/* Whether a whole text is as expected. */
bool text_match_fits(const struct text_match *match, const char *text, size_t length);

enum {
	TEXT_MATCH_WHY_SIZE = 160
};

/* What a text that does not fit fails to do: 'does not contain "ok"'. */
void text_match_say(const struct text_match *match, char why[TEXT_MATCH_WHY_SIZE]);

/*
 * The same of a text that still grows: true as soon as it can't change any more. Only for
 * `starts_with` and `contains`.
 */
bool text_match_is_decided(const struct text_match *match, const char *text, size_t length);

#endif
