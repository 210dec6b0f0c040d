/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_E2E_GAME_H
#define BACKBURN_E2E_GAME_H

#include <cjson/cJSON.h>

/* A whole run on a lab of the test's own, after which the host is as before. */
struct game {
	const char *scenario; /* in the source: "scenarios/web/web-one-cut.json" */
	const char *shipped;  /* the lab in scenarios/labs, without ".json" */
	const char *lab;      /* its name here */
	const char *param;    /* NAME=VALUE, or NULL */
	int code;
};

/*
 * Plays it, more than once while the machine is too busy to begin (cli_run_steady). Asserts the
 * exit code, and that neither the host's state nor its programs differ. Returns summary.json, and
 * in *out_text what was printed (NULL: not wanted); the caller deletes and frees.
 */
cJSON *game_play(const struct game *game, char **out_text);

#endif
