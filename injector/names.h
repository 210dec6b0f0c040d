/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_NAMES_H
#define BACKBURN_INJECTOR_NAMES_H

#include <stddef.h>

#include "contract/fail.h"
#include "contract/shape.h"

/*
 * What `backburn-injector resolve` says of a name, as text: an address a line, then NAMES_END; or
 * NAMES_REASON and why there is none. Pure.
 */
#define NAMES_END "."
#define NAMES_REASON "!"

enum {
	NAMES_BYTES_MAX = 8192, /* of all that it says; more than that is not read */
	NAMES_REASON_MAX = 128
};

/*
 * Addresses (struct prefix), as many as an endpoint may have (HOST_ADDRESSES_MAX); further ones are
 * left out. FAIL_SYSTEM with the reason, or when it is not such a text.
 */
int names_read(const char *text, size_t length, struct list *addresses, struct fail *fail);

#endif
