/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PROBER_TLS_H
#define BACKBURN_PROBER_TLS_H

#include "contract/fail.h"

/*
 * Whether texts in PEM form are what they should be: authorities, a certificate (others may follow
 * that lead to its authority), and the key that belongs to it. NULL: not given; a certificate
 * without its key, or the other way round, is the caller's to refuse. Nothing is asked on a
 * terminal: a key with a passphrase is refused. Pure. FAIL_USAGE, without a quote of any text;
 * `fail->path` is "ca", "cert" or "key".
 */
int tls_check(const char *ca, const char *cert, const char *key, struct fail *fail);

/* Whether a text can be the name in a certificate: a host's name or an address. FAIL_USAGE. */
int tls_check_name(const char *name, struct fail *fail);

#endif
