/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PUSH_H
#define BACKBURN_PUSH_H

#include <stdbool.h>

#include "controller/push/bundle.h"

/* Where a bundle lies on a host, and where its programs are found. */
#define PUSH_FOLDER "/usr/local/lib/backburn"
#define PUSH_BIN "/usr/local/bin"

/* What became of one host. */
enum push_result {
	PUSH_DONE,
	PUSH_SAME,   /* it was there already, and runs */
	PUSH_WOULD,  /* a dry run: nothing speaks against it */
	PUSH_FAILED, /* `fail` says why */
};

/*
 * Brings a bundle to the host behind `connect`. A host of another architecture, or with a C library
 * that is too old, is refused before anything is written. The folder appears under its name when
 * all of it is there, then its programs replace those in PUSH_BIN by a rename each: no program is
 * ever there by half, and what runs keeps its own files. Older folders stay.
 */
enum push_result push_to_host(
	const struct bundle *bundle, const struct list *connect, bool dry_run, struct fail *fail);

#endif
