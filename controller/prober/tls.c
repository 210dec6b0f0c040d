/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/tls.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

enum {
	NAME_MAX_LENGTH = 253 /* RFC 1035, without the last dot */
};

/* OpenSSL's own would ask on the terminal. */
static int no_passphrase(char *out, int size, int writing, void *asked)
{
	(void)out;
	(void)size;
	(void)writing;
	*(int *)asked = 1;
	return -1;
}

static int refuse(const char *key, const char *text, struct fail *fail)
{
	ERR_clear_error();
	fail_set(fail, FAIL_USAGE, "%s: %s", key, text);
	snprintf(fail->path, sizeof(fail->path), "%s", key);
	return -1;
}

/* The first certificate in the text; the caller frees. NULL: there is none, or a broken one. */
static X509 *first_certificate(BIO *text)
{
	int asked = 0;

	return PEM_read_bio_X509(text, NULL, no_passphrase, &asked);
}

/* All that follow must be whole, too: OpenSSL leaves off silently at the first broken one. */
static bool rest_is_whole(BIO *text)
{
	X509 *next;

	while ((next = first_certificate(text)))
		X509_free(next);
	return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
}

static X509 *read_certificates(const char *key, const char *text, struct fail *fail)
{
	BIO *bio = BIO_new_mem_buf(text, -1);
	X509 *first = bio ? first_certificate(bio) : NULL;
	bool whole = first && rest_is_whole(bio);

	BIO_free(bio);
	if (!whole) {
		X509_free(first);
		refuse(key,
			first ? "a certificate in it is broken" : "has no certificate in PEM form",
			fail);
		return NULL;
	}
	ERR_clear_error();
	return first;
}

static int check_pair(const char *cert, const char *key, struct fail *fail)
{
	X509 *certificate = read_certificates("cert", cert, fail);
	BIO *bio = BIO_new_mem_buf(key, -1);
	EVP_PKEY *secret_key = NULL;
	int asked = 0, outcome = 0;

	if (bio && certificate)
		secret_key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &asked);
	if (!certificate)
		outcome = -1;
	else if (asked)
		outcome = refuse("key", "has a passphrase: a key without one is needed", fail);
	else if (!secret_key)
		outcome = refuse("key", "has no private key in PEM form", fail);
	else if (X509_check_private_key(certificate, secret_key) != 1)
		outcome = refuse("key", "does not belong to the certificate of \"cert\"", fail);
	EVP_PKEY_free(secret_key);
	X509_free(certificate);
	BIO_free(bio);
	return outcome;
}

int tls_check(const char *ca, const char *cert, const char *key, struct fail *fail)
{
	X509 *authority;

	if (ca) {
		authority = read_certificates("ca", ca, fail);
		if (!authority)
			return -1;
		X509_free(authority);
	}
	if (cert && key)
		return check_pair(cert, key, fail);
	if (!cert)
		return 0;
	authority = read_certificates("cert", cert, fail);
	X509_free(authority);
	return authority ? 0 : -1;
}

int tls_check_name(const char *name, struct fail *fail)
{
	size_t length =
		strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:");

	if (length == 0 || name[length] || length > NAME_MAX_LENGTH)
		return fail_set(fail, FAIL_USAGE, "\"%.80s\" can't be the name of a server", name);
	return 0;
}
