/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_EXIT_CODE_H
#define BACKBURN_EXIT_CODE_H

#include "contract/fail.h"

/*
 * What a failure means for whoever started us: 64 wrong usage, 65 a wrong file, 4 refused or not
 * possible, 75 busy, 70 anything else. What a finished run exits with, its judgement says.
 */
int exit_code_of(enum fail_kind kind);

#endif
