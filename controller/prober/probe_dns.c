/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/address.h"
#include "contract/host_port.h"
#include "controller/prober/dns_answer.h"
#include "controller/prober/dns_query.h"
#include "controller/prober/probe_kind.h"

/* Probes that ask a DNS server for a name. */

enum {
	QUERIES_MAX = 1024,
	DESCRIPTORS_EACH = 2, /* what does not fit into a datagram is asked for by TCP */
	NAME_MAX_LENGTH = 253,
};

/* --- the order ------------------------------------------------------------------------- */

static int check_server(const char *text, const struct event_values *values, struct fail *fail)
{
	struct host_port place;
	struct prefix address;
	char *expanded;
	int outcome;

	if (expand_text(text, values, &expanded, fail) < 0)
		return fail_context(fail, "server");
	outcome = host_port_parse(expanded, &place, fail);
	if (outcome == 0 &&
		(prefix_parse(place.host, &address, fail) < 0 || !prefix_is_address(&address)))
		outcome = fail_set(fail, FAIL_USAGE,
			"\"%.80s\" is not of the form ADDRESS:PORT; a name would need a server "
			"itself",
			expanded);
	free(expanded);
	return outcome < 0 ? fail_context(fail, "server") : 0;
}

static int check_name(const char *text, const struct event_values *values, struct fail *fail)
{
	char *expanded;
	size_t length;

	if (expand_text(text, values, &expanded, fail) < 0)
		return fail_context(fail, "name");
	length = strlen(expanded);
	free(expanded);
	if (length == 0 || length > NAME_MAX_LENGTH)
		return fail_set(fail, FAIL_USAGE, "name: \"%.80s\" has %zu characters, not 1 to %d",
			text, length, NAME_MAX_LENGTH);
	return 0;
}

static int check(struct probe_order *order, const struct event_values *values, struct fail *fail)
{
	const struct dns_order *dns = order->dns;

	if (dns->expect_answer && dns->expect_rcode != DNS_NOERROR)
		return fail_set(fail, FAIL_USAGE, "expect_answer: only NOERROR has an answer");
	if (dns->server && check_server(dns->server, values, fail) < 0)
		return -1;
	return check_name(dns->name, values, fail);
}

/* --- one attempt ----------------------------------------------------------------------- */

static void say_rcode(int rcode, char *out, size_t size)
{
	static const char *const meanings[] = {
		[DNS_NOERROR] = "there is such a record",
		[DNS_FORMERR] = "the server does not understand the question",
		[DNS_SERVFAIL] = "the server failed",
		[DNS_NXDOMAIN] = "there is no such name",
		[DNS_NOTIMP] = "the server can't do that",
		[DNS_REFUSED] = "the server refuses",
		[DNS_NODATA] = "the name has no record of this type",
	};

	if (rcode <= DNS_NODATA)
		snprintf(out, size, "%s: %s", dns_rcode_words[rcode], meanings[rcode]);
	else
		snprintf(out, size, "response code %d", rcode - DNS_NODATA);
}

static void judge(const struct attempt *attempt, int rcode, const char *answer)
{
	const struct dns_order *dns = attempt->order->dns;
	char text[TEXT_MATCH_WHY_SIZE + 64], why[TEXT_MATCH_WHY_SIZE];
	struct attempt_end end = {.outcome = OUTCOME_OK, .text = text};

	if (rcode != dns->expect_rcode) {
		end.outcome = OUTCOME_STATUS;
		say_rcode(rcode, text, sizeof(text));
	} else if (dns->expect_answer &&
		!text_match_fits(dns->expect_answer, answer, strlen(answer))) {
		end.outcome = OUTCOME_CONTENT;
		end.quote = answer;
		text_match_say(dns->expect_answer, why);
		snprintf(text, sizeof(text), "the answer %s", why);
	}
	attempt->done(attempt->context, &end);
}

static void on_done(void *context, const struct dns_result *result)
{
	static const enum probe_outcome outcomes[] = {
		[DNS_TIMED_OUT] = OUTCOME_TIMEOUT,
		[DNS_NO_CONNECTION] = OUTCOME_CONNECT,
		[DNS_BROKEN] = OUTCOME_BROKEN,
	};
	const struct attempt *attempt = context;
	const struct attempt_end nonsense = {OUTCOME_BROKEN, "the reply can't be read", NULL, NULL};
	char *answer;
	int rcode;

	if (result->ending != DNS_ANSWERED) {
		attempt->done(attempt->context,
			&(struct attempt_end){outcomes[result->ending], result->text, NULL, NULL});
		return;
	}
	if (dns_answer_read(result->reply, result->length, attempt->order->dns->record, &rcode,
		    &answer) < 0) {
		attempt->done(attempt->context, &nonsense);
		return;
	}
	judge(attempt, rcode, answer);
	free(answer);
}

static int begin(void *means, const struct attempt *attempt, struct fail *fail)
{
	const struct dns_order *dns = attempt->order->dns;
	char *server = NULL, *name = NULL;
	int outcome = 0;

	if (dns->server)
		outcome = expand_text(dns->server, &attempt->values, &server, fail);
	if (outcome == 0)
		outcome = expand_text(dns->name, &attempt->values, &name, fail);
	if (outcome == 0) {
		const struct dns_request request = {
			.server = server,
			.name = name,
			.type = dns_record_number(dns->record),
			.limit_ns = attempt->limit_ns,
			.done = on_done,
			.context = (void *)attempt,
		};

		outcome = dns_send(means, &request, fail);
	}
	free(server);
	free(name);
	return outcome;
}

/* --- life ------------------------------------------------------------------------------ */

static int open_means(uv_loop_t *loop, const struct probe_order *order, int capacity,
	void **out_means, struct fail *fail)
{
	(void)order;
	(void)fail;
	*out_means = resolver_new(loop, capacity);
	return 0;
}

static void close_means(void *means)
{
	resolver_free(means);
}

const struct probe_kind probe_kind_dns = {
	.name = "dns",
	.descriptors = DESCRIPTORS_EACH,
	.attempts_max = QUERIES_MAX,
	.check = check,
	.open = open_means,
	.close = close_means,
	.begin = begin,
};
