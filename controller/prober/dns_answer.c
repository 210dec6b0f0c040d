/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/dns_answer.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>

#include <ares.h>

#include "contract/list.h"
#include "contract/memory.h"

enum {
	HEADER_SIZE = 12,
	ADDRESSES_MAX = 256, /* more do not fit into a message without compression tricks */
	RCODE_MASK = 15,
};

const char *const dns_record_words[] = {
	[DNS_A] = "A",
	[DNS_AAAA] = "AAAA",
	[DNS_MX] = "MX",
	[DNS_NS] = "NS",
	[DNS_SRV] = "SRV",
	[DNS_TXT] = "TXT",
	[DNS_TXT + 1] = NULL,
};

const char *const dns_rcode_words[] = {
	[DNS_NOERROR] = "NOERROR",
	[DNS_FORMERR] = "FORMERR",
	[DNS_SERVFAIL] = "SERVFAIL",
	[DNS_NXDOMAIN] = "NXDOMAIN",
	[DNS_NOTIMP] = "NOTIMP",
	[DNS_REFUSED] = "REFUSED",
	[DNS_NODATA] = "NODATA",
	[DNS_NODATA + 1] = NULL,
};
static_assert((int)DNS_REFUSED == (int)ns_r_refused, "the numbers are those of the wire");

int dns_record_number(enum dns_record record)
{
	static const int numbers[] = {
		[DNS_A] = ns_t_a,
		[DNS_AAAA] = ns_t_aaaa,
		[DNS_MX] = ns_t_mx,
		[DNS_NS] = ns_t_ns,
		[DNS_SRV] = ns_t_srv,
		[DNS_TXT] = ns_t_txt,
	};

	return numbers[record];
}

/* --- one reader for each type: ARES_SUCCESS, ARES_ENODATA, or what is wrong ----------------- */

struct reply {
	const unsigned char *bytes;
	int length;
};

__attribute__((format(printf, 2, 3))) static void add(struct list *out, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		abort();
	va_end(arguments);
	*(char **)list_push(out, sizeof(char *)) = text;
}

static int read_a(const struct reply *reply, struct list *out)
{
	struct ares_addrttl addresses[ADDRESSES_MAX];
	char text[INET_ADDRSTRLEN];
	int count = ADDRESSES_MAX;
	int status = ares_parse_a_reply(reply->bytes, reply->length, NULL, addresses, &count);

	for (int i = 0; status == ARES_SUCCESS && i < count; i++)
		add(out, "%s", inet_ntop(AF_INET, &addresses[i].ipaddr, text, sizeof(text)));
	return status;
}

static int read_aaaa(const struct reply *reply, struct list *out)
{
	struct ares_addr6ttl addresses[ADDRESSES_MAX];
	char text[INET6_ADDRSTRLEN];
	int count = ADDRESSES_MAX;
	int status = ares_parse_aaaa_reply(reply->bytes, reply->length, NULL, addresses, &count);

	for (int i = 0; status == ARES_SUCCESS && i < count; i++)
		add(out, "%s", inet_ntop(AF_INET6, &addresses[i].ip6addr, text, sizeof(text)));
	return status;
}

static int read_mx(const struct reply *reply, struct list *out)
{
	struct ares_mx_reply *first = NULL;
	int status = ares_parse_mx_reply(reply->bytes, reply->length, &first);

	for (struct ares_mx_reply *mx = first; mx; mx = mx->next)
		add(out, "%u %s", mx->priority, mx->host);
	ares_free_data(first);
	return status;
}

static int read_ns(const struct reply *reply, struct list *out)
{
	struct hostent *host = NULL;
	int status = ares_parse_ns_reply(reply->bytes, reply->length, &host);

	for (char **name = host ? host->h_aliases : NULL; name && *name; name++)
		add(out, "%s", *name);
	if (host)
		ares_free_hostent(host);
	return status;
}

static int read_srv(const struct reply *reply, struct list *out)
{
	struct ares_srv_reply *first = NULL;
	int status = ares_parse_srv_reply(reply->bytes, reply->length, &first);

	for (struct ares_srv_reply *srv = first; srv; srv = srv->next)
		add(out, "%u %u %u %s", srv->priority, srv->weight, srv->port, srv->host);
	ares_free_data(first);
	return status;
}

/* The parts of one record are one text (RFC 7208, 3.3). */
static int read_txt(const struct reply *reply, struct list *out)
{
	struct ares_txt_ext *first = NULL;
	int status = ares_parse_txt_reply_ext(reply->bytes, reply->length, &first);

	for (struct ares_txt_ext *part = first; part; part = part->next) {
		char **last = out->count ? LIST_AT(*out, char *, out->count - 1) : NULL;
		char *whole;

		if (part->record_start || !last) {
			add(out, "%s", (const char *)part->txt);
			continue;
		}
		if (asprintf(&whole, "%s%s", *last, (const char *)part->txt) < 0)
			abort();
		free(*last);
		*last = whole;
	}
	ares_free_data(first);
	return status;
}

/* --- the whole reply -------------------------------------------------------------------- */

static int compare(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

static char *join_lines(const struct list *texts)
{
	size_t size = 1;
	char *text, *end;

	LIST_EACH(*texts, char *, line)
		size += strlen(*line) + 1;
	text = end = must_alloc(size);
	LIST_EACH(*texts, char *, line)
		end += sprintf(end, "%s%s", end == text ? "" : "\n", *line);
	*end = '\0';
	return text;
}

int dns_answer_read(const unsigned char *reply, size_t length, enum dns_record record,
	int *out_rcode, char **out_text)
{
	static int (*const readers[])(const struct reply *reply, struct list *out) = {
		[DNS_A] = read_a,
		[DNS_AAAA] = read_aaaa,
		[DNS_MX] = read_mx,
		[DNS_NS] = read_ns,
		[DNS_SRV] = read_srv,
		[DNS_TXT] = read_txt,
	};
	const struct reply whole = {.bytes = reply, .length = (int)length};
	struct list texts = {0};
	int status = ARES_ENODATA, rcode;

	if (length < HEADER_SIZE || length > NS_MAXMSG)
		return -1;
	rcode = reply[3] & RCODE_MASK;
	if (rcode > DNS_REFUSED)
		rcode += DNS_NODATA;
	if (rcode == DNS_NOERROR) {
		status = readers[record](&whole, &texts);
		if (status == ARES_ENODATA || (status == ARES_SUCCESS && texts.count == 0))
			rcode = DNS_NODATA;
		else if (status != ARES_SUCCESS)
			rcode = -1;
	}
	if (texts.count)
		qsort(texts.items, texts.count, sizeof(char *), compare);
	if (rcode >= 0) {
		*out_rcode = rcode;
		*out_text = join_lines(&texts);
	}
	list_free_texts(&texts);
	return rcode < 0 ? -1 : 0;
}
