/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_LAB_FS_H
#define BACKBURN_LAB_FS_H

#include <stdbool.h>

#include "contract/fail.h"

/* The lab's tmpfs at /run/backburn/lab/LAB and the lock that guards changes to the lab. */

/*
 * Takes the lab's lock; two changes of one lab never overlap. Waits up to 5 s (a holder that was
 * killed may take a moment to go), then FAIL_BUSY with the holder's pid. *out_fd: the lock.
 */
int lab_lock(const char *lab, int *out_fd, struct fail *fail);

/*
 * Gives the lock back. With `last` its file and the shared directories above go as well, as far
 * as no other lab uses them.
 */
void lab_unlock(const char *lab, int fd, bool last);

/* Mounts the lab's tmpfs with the folder of the nodes' directories in it. */
int lab_fs_mount(const char *lab, struct fail *fail);

/* Unmounts it and removes its mount point; without either nothing to do, 0. */
int lab_fs_unmount(const char *lab, struct fail *fail);

/* True when there is a directory or a mount of that lab. */
bool lab_fs_exists(const char *lab);

/* Writes a whole file into the lab's directory (mode 0644). */
int lab_fs_write(const char *lab, const char *name, const char *text, struct fail *fail);

#endif
