/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_DIGEST_H
#define BACKBURN_DIGEST_H

#include "contract/shape.h"

enum {
	DIGEST_TEXT_MAX = 2 * 32 + 1
};

/*
 * SHA-256 of lines (char *) in their order, each ended by a newline, in hexadecimal: what sha256sum
 * says of a file that holds them.
 */
void digest_of_lines(const struct list *lines, char out[DIGEST_TEXT_MAX]);

#endif
