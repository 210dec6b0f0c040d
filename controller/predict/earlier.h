/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PREDICT_EARLIER_H
#define BACKBURN_PREDICT_EARLIER_H

#include "controller/predict/predicted.h"

/*
 * Reads an earlier radius: a file that `plan --json` wrote, a run's directory, or a run's journal
 * (*.ndjson). FAIL_BAD_FILE with the path in front, whether it can't be read or is none of these.
 */
int earlier_read(const char *path, struct predicted *out, struct fail *fail);

#endif
