/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/judge/digest.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static_assert(DIGEST_TEXT_MAX <= 2 * EVP_MAX_MD_SIZE + 1, "a digest fits");

/* libcrypto fails here for want of memory only. */
static void must(int outcome)
{
	if (outcome != 1)
		abort();
}

void digest_of_lines(const struct list *lines, char out[DIGEST_TEXT_MAX])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned int length = 0;

	must(context && EVP_DigestInit_ex(context, EVP_sha256(), NULL));
	LIST_EACH(*lines, char *, line) {
		must(EVP_DigestUpdate(context, *line, strlen(*line)));
		must(EVP_DigestUpdate(context, "\n", 1));
	}
	must(EVP_DigestFinal_ex(context, bytes, &length));
	EVP_MD_CTX_free(context);
	for (unsigned int i = 0; i < length; i++)
		snprintf(out + (size_t)2 * i, 3, "%02x", bytes[i]);
}
