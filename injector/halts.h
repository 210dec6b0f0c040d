/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_HALTS_H
#define BACKBURN_INJECTOR_HALTS_H

#include <stdbool.h>
#include <stdint.h>

#include "contract/halt.h"

/*
 * Marks of the emergency stop, one file for each environment that was halted:
 *
 *	RUNTIME/halts/<netns cookie>/<environment>
 *	RUNTIME/halts/all/<any name>                 made by hand: the whole machine
 *
 * While there is one, sessions in that network namespace heal what they have, and arm nothing.
 * What can't be read counts as a mark.
 */

/* The first one that is found, in words. */
bool halts_engaged(const char *runtime_dir, uint64_t cookie, char text[HALT_TEXT_MAX]);

/* All of them. List of char *. */
void halts_list(const char *runtime_dir, uint64_t cookie, struct list *texts);

/* One that is engaged already stays as it is: with who was first, and why. */
int halts_engage(
	const char *runtime_dir, uint64_t cookie, const struct halt *halt, struct fail *fail);
/* Of that environment only. One that is not engaged is released already. */
int halts_release(
	const char *runtime_dir, uint64_t cookie, const char *environment, struct fail *fail);

#endif
