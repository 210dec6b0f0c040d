/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_LAB_NETNS_H
#define BACKBURN_LAB_NETNS_H

#include "contract/fail.h"

/*
 * Named network namespaces, in the form that `ip netns` shows. Entering one changes the calling
 * thread only; between netns_enter() and netns_leave() start no threads.
 */

/*
 * Creates a namespace and binds it to `path`. IPv6 addresses appear at once there (no duplicate
 * address detection), and routers are not listened to. An existing path is FAIL_REFUSED.
 */
int netns_create(const char *path, struct fail *fail);

/* Unbinds and removes it; a path that is not there is fine. */
int netns_delete(const char *path, struct fail *fail);

/* When no namespace has a name any more: removes the directory, if it is ours. */
void netns_remove_root(void);

/* Enters the namespace at `path`; *out_home is what netns_leave() goes back to, and closes. */
int netns_enter(const char *path, int *out_home, struct fail *fail);

/* Back home. A thread that can't go back must not go on: this aborts then. */
void netns_leave(int home);

#endif
