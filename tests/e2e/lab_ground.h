/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_E2E_LAB_GROUND_H
#define BACKBURN_E2E_LAB_GROUND_H

#include "controller/lab/lab_file.h"

/* What tests of labs stand on: one lab, of which nothing is left after each. Everything asserts. */

/* For cmocka: before all tests, after each one, also one that failed, and after all. */
int lab_ground_begin(const char *lab);
int lab_ground_clean(void);
int lab_ground_end(void);

/* A lab's file from its text; lab_file_deinit() after use. */
struct lab_file lab_ground_parse(const char *text);

void lab_ground_down(void);

#endif
