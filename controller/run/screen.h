/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_SCREEN_H
#define BACKBURN_SCREEN_H

#include <stdbool.h>

#include "controller/report/live.h"

/*
 * Where a run says what happens: a plain line for each event that people want to see, and below
 * them, on a terminal, a picture of now that is drawn again several times a second. Other text must
 * go through screen_say(), or it would end inside the picture.
 */
enum screen_kind {
	SCREEN_NONE,  /* --quiet */
	SCREEN_LINES, /* not a terminal, or TERM=dumb */
	SCREEN_LIVE
};

struct screen {
	enum screen_kind kind;
	bool json; /* journal events on stdout, one a line */
	bool colours;
	struct live *live; /* SCREEN_LIVE */
	int drawn;         /* lines of the picture that stand now */
	int64_t drawn_ns;
};

/* Looks at stderr, TERM and NO_COLOR. */
void screen_init(struct screen *screen, bool quiet, bool json);
/* Takes the picture away. */
void screen_deinit(struct screen *screen);

void screen_event(struct screen *screen, const cJSON *event);
void screen_draw(struct screen *screen, const struct record *record, int64_t now_ns);

/* On stderr, with a line's end; whatever `quiet` says. */
void screen_say(struct screen *screen, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
