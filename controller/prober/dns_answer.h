/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PROBER_DNS_ANSWER_H
#define BACKBURN_PROBER_DNS_ANSWER_H

#include <stddef.h>

#include "contract/shape.h"

/* Records that a probe may ask for, by what they are called. */
enum dns_record {
	DNS_A,
	DNS_AAAA,
	DNS_MX,
	DNS_NS,
	DNS_SRV,
	DNS_TXT
};
extern const char *const dns_record_words[];

/*
 * What a server may say (RFC 1035, 4.1.1), and DNS_NODATA, which is NOERROR without a record of
 * the type that was asked for (RFC 2308).
 */
enum dns_rcode {
	DNS_NOERROR,
	DNS_FORMERR,
	DNS_SERVFAIL,
	DNS_NXDOMAIN,
	DNS_NOTIMP,
	DNS_REFUSED,
	DNS_NODATA
};
extern const char *const dns_rcode_words[];

/* The number of the type on the wire. */
int dns_record_number(enum dns_record record);

/*
 * A reply as text: its records of that type, one a line, in the order of their texts, so that a
 * server that turns them round says the same. "10.0.0.1", "10 mail.example", "1 2 389 db.example"
 * (priority, weight, port, target). *out_rcode is an enum dns_rcode; for a number N of the wire
 * that has no word here DNS_NODATA + N. -1 for what is no such reply. Pure; the caller frees
 * *out_text.
 */
int dns_answer_read(const unsigned char *reply, size_t length, enum dns_record record,
	int *out_rcode, char **out_text);

#endif
