/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_RECORD_APPLY_H
#define BACKBURN_RECORD_APPLY_H

#include "contract/shape.h"

/* Parts of the record that its two files share. */
enum {
	JOURNAL_VERSION = 1
};

/* Frees a list of struct counter. */
void record_free_counters(struct list *counters);
void record_free_processes(struct list *processes);

#endif
