/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TEST_MISTAKES_H
#define BACKBURN_TEST_MISTAKES_H

#include <stddef.h>

#include "controller/plan/catalogue.h"

/* Mistakes that can be made in a file of people's, found along the table that decodes it. */

/* How many there are in this file. */
size_t mistakes_in(const struct catalogue *catalogue, const struct shape *shape, cJSON *file);

/*
 * Makes the one of that number, from 0, in the file; says in `made` what was done, as in
 * "without \"rate\"".
 */
void mistake_make(const struct catalogue *catalogue, const struct shape *shape, cJSON *file,
	size_t number, char made[256]);

#endif
