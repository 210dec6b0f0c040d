/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_WHO_H
#define BACKBURN_WHO_H

/* Who gives this command, and when, to people who read it later. */
enum {
	WHO_MAX = 100,
	WHEN_MAX = 32
};

/* "root on gate". Returns the buffer. */
const char *say_who(char who[WHO_MAX]);
/* "2026-01-31T23:59:30Z". Returns the buffer. */
const char *say_when(char when[WHEN_MAX]);

#endif
