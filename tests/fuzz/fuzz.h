/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_FUZZ_H
#define BACKBURN_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* What libFuzzer calls. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Aborts, so that the fuzzer keeps the input, where a promise does not hold. */
static inline void fuzz_require(int holds)
{
	if (!holds)
		abort();
}

/* The input as a C string; the caller frees. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

#endif
