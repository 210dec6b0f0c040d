/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A workload client of the `set` model for etcd: reads "add ID" and "read" on standard input and
 * answers on standard output, as docs/scenario.md says. Many operations are under way at once.
 *
 *	etcd-set-client [--port N] [--prefix TEXT] [--timeout D] ADDRESS[,ADDRESS…]
 *
 * An add goes to the current member, which changes after a bad answer. A connection that was
 * refused is proof that nothing was sent, so the next member is tried once; any other trouble
 * leaves the outcome unknown. A read takes the keys from the first member that answers, from that
 * member's own state (serializable), and waits for the adds before it.
 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>

#include "contract/units.h"
#include "etcd_api.h"
#include "set_input.h"

enum {
	IN_FLIGHT_MAX = 512, /* more wait in the pipe */
	ANSWER_MAX = 4 * 1024 * 1024,
	PREFIX_MAX = 256,
	URL_SIZE = 128,
	PORT_MAX = 65535,
	IDLE_MS = 1000,
};

struct text {
	char *bytes; /* NUL-terminated once something was added */
	size_t length;
};

struct client {
	/* options */
	struct set_addresses members;
	long port;
	const char *prefix;
	int64_t timeout_ns;
	/* state */
	CURLM *multi;
	struct curl_slist *headers;
	size_t current;      /* index of the member that adds go to */
	uint64_t generation; /* grows with each change of `current` */
	size_t in_flight;
	struct set_input input;
};

/* One add under way. */
struct operation {
	struct client *client;
	CURL *easy;
	int64_t id;
	int64_t deadline_ns;
	size_t member;       /* it was sent to */
	uint64_t generation; /* of the client when it was sent */
	bool tried_next;     /* it has been refused once, and sent to the next member */
	char *body;
	struct text answer;
};

static size_t keep_answer(char *bytes, size_t size, size_t count, void *context)
{
	struct text *answer = context;
	size_t added = size * count;
	char *grown;

	if (answer->length + added > ANSWER_MAX)
		return 0;
	grown = realloc(answer->bytes, answer->length + added + 1);
	if (!grown)
		return 0;
	memcpy(grown + answer->length, bytes, added);
	answer->bytes = grown;
	answer->length += added;
	grown[answer->length] = '\0';
	return added;
}

static const char *url_of(
	char url[URL_SIZE], const struct client *client, size_t member, const char *verb)
{
	const char *address = client->members.items[member];
	int ipv6 = strchr(address, ':') != NULL;

	snprintf(url, URL_SIZE, "http://%s%s%s:%ld/v3/kv/%s", ipv6 ? "[" : "", address,
		ipv6 ? "]" : "", client->port, verb);
	return url;
}

static CURL *easy_new(const struct client *client, const char *body, struct text *answer)
{
	CURL *easy = curl_easy_init();

	if (!easy)
		abort();
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, client->headers);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, keep_answer);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, answer);
	return easy;
}

/* --- add ------------------------------------------------------------------------------- */

static void send_operation(struct operation *operation)
{
	struct client *client = operation->client;
	int64_t left_ms = (operation->deadline_ns - set_now_ns()) / NS_PER_MS;
	char url[URL_SIZE];

	operation->member = client->current;
	operation->generation = client->generation;
	free(operation->answer.bytes);
	operation->answer = (struct text){0};
	curl_easy_setopt(
		operation->easy, CURLOPT_URL, url_of(url, client, operation->member, "put"));
	curl_easy_setopt(operation->easy, CURLOPT_TIMEOUT_MS, (long)(left_ms < 1 ? 1 : left_ms));
	curl_multi_add_handle(client->multi, operation->easy);
}

static void begin_add(struct client *client, int64_t id)
{
	struct operation *operation = calloc(1, sizeof(*operation));

	if (!operation)
		abort();
	operation->client = client;
	operation->id = id;
	operation->deadline_ns = set_now_ns() + client->timeout_ns;
	operation->body = etcd_put_body(client->prefix, id);
	operation->easy = easy_new(client, operation->body, &operation->answer);
	curl_easy_setopt(operation->easy, CURLOPT_PRIVATE, operation);
	client->in_flight++;
	send_operation(operation);
}

static void finish(struct operation *operation, enum etcd_meaning meaning, const char *reason)
{
	static const char *const words[] = {
		[ETCD_DONE] = "ok", [ETCD_NOT_DONE] = "fail", [ETCD_UNKNOWN] = "unknown"};

	if (meaning == ETCD_DONE)
		printf("ok %lld\n", (long long)operation->id);
	else
		printf("%s %lld %s\n", words[meaning], (long long)operation->id, reason);
	operation->client->in_flight--;
	curl_easy_cleanup(operation->easy);
	free(operation->body);
	free(operation->answer.bytes);
	free(operation);
}

/* Once for each member that fails, however many operations it fails with. */
static void move_on(struct client *client, const struct operation *operation)
{
	if (operation->generation != client->generation)
		return;
	client->current = (client->current + 1) % client->members.count;
	client->generation++;
}

static void on_transfer_done(struct operation *operation, CURLcode code)
{
	struct client *client = operation->client;
	const char *member = client->members.items[operation->member];
	char reason[ETCD_REASON_SIZE], text[ETCD_REASON_SIZE + 64];
	enum etcd_meaning meaning = ETCD_UNKNOWN;
	long status = 0;

	if (code == CURLE_OK) {
		curl_easy_getinfo(operation->easy, CURLINFO_RESPONSE_CODE, &status);
		meaning = etcd_put_meaning(
			status, operation->answer.bytes ? operation->answer.bytes : "", reason);
		if (meaning == ETCD_DONE) {
			finish(operation, meaning, "");
			return;
		}
	} else {
		snprintf(reason, sizeof(reason), "%s", curl_easy_strerror(code));
	}
	move_on(client, operation);
	if (code == CURLE_COULDNT_CONNECT) {
		meaning = ETCD_NOT_DONE;
		if (!operation->tried_next && set_now_ns() < operation->deadline_ns) {
			operation->tried_next = true;
			send_operation(operation);
			return;
		}
	}
	snprintf(text, sizeof(text), "%s: %s", member, reason);
	finish(operation, meaning, text);
}

static void work(struct client *client)
{
	CURLMsg *message;
	int running, left;

	curl_multi_perform(client->multi, &running);
	while ((message = curl_multi_info_read(client->multi, &left))) {
		CURLcode code = message->data.result;
		CURL *easy = message->easy_handle;
		struct operation *operation;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&operation);
		curl_multi_remove_handle(client->multi, easy);
		on_transfer_done(operation, code);
	}
}

/* --- read ------------------------------------------------------------------------------ */

struct ids {
	int64_t *items;
	size_t count, capacity;
};

static void ids_add(struct ids *ids, const struct etcd_page *page)
{
	size_t needed = ids->count + page->count;

	if (needed > ids->capacity) {
		ids->capacity = needed * 2;
		ids->items = reallocarray(ids->items, ids->capacity, sizeof(*ids->items));
		if (!ids->items)
			abort();
	}
	if (page->count > 0)
		memcpy(ids->items + ids->count, page->ids, page->count * sizeof(page->ids[0]));
	ids->count = needed;
}

/* The page of ids above `after`; -1 with page->reason. */
static int read_page(
	const struct client *client, size_t member, int64_t after, struct etcd_page *page)
{
	char *body = etcd_range_body(client->prefix, after);
	struct text answer = {0};
	CURL *easy = easy_new(client, body, &answer);
	char url[URL_SIZE];
	CURLcode code;
	long status = 0;
	int outcome = -1;

	curl_easy_setopt(easy, CURLOPT_URL, url_of(url, client, member, "range"));
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(client->timeout_ns / NS_PER_MS));
	code = curl_easy_perform(easy);
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	if (code != CURLE_OK)
		snprintf(page->reason, sizeof(page->reason), "%s", curl_easy_strerror(code));
	else
		outcome = etcd_page_take(
			page, status, answer.bytes ? answer.bytes : "", client->prefix);
	curl_easy_cleanup(easy);
	free(answer.bytes);
	free(body);
	return outcome;
}

static int read_member(
	const struct client *client, size_t member, struct ids *ids, struct etcd_page *page)
{
	int64_t after = 0;

	ids->count = 0;
	do {
		if (read_page(client, member, after, page) < 0)
			return -1;
		if (page->count == 0 && page->more) {
			snprintf(page->reason, sizeof(page->reason),
				"foreign keys under the prefix");
			return -1;
		}
		ids_add(ids, page);
		if (page->count > 0)
			after = page->ids[page->count - 1];
	} while (page->more);
	return 0;
}

static void read_all(struct client *client)
{
	struct etcd_page page;
	struct ids ids = {0};
	size_t member = 0;

	while (client->in_flight > 0) {
		curl_multi_poll(client->multi, NULL, 0, IDLE_MS, NULL);
		work(client);
	}
	while (member < client->members.count && read_member(client, member, &ids, &page) < 0)
		member++;
	if (member == client->members.count) {
		printf("fail %s: %s\n", client->members.items[member - 1], page.reason);
	} else {
		fputs("ok", stdout);
		for (size_t i = 0; i < ids.count; i++)
			printf(" %lld", (long long)ids.items[i]);
		putchar('\n');
	}
	free(ids.items);
}

/* --- input ----------------------------------------------------------------------------- */

/* Obeys while there is room for more operations. A read waits for the adds before it by itself. */
static void obey_lines(struct client *client)
{
	int64_t id;

	while (client->in_flight < IN_FLIGHT_MAX) {
		switch (set_input_next(&client->input, true, &id)) {
		case SET_NONE:
			return;
		case SET_ADD:
			begin_add(client, id);
			break;
		case SET_READ:
			read_all(client);
			break;
		}
	}
}

static int serve(struct client *client)
{
	struct set_input *lines = &client->input;

	while (!lines->ended || client->in_flight > 0 || lines->used > 0) {
		struct curl_waitfd input = {.fd = STDIN_FILENO, .events = CURL_WAIT_POLLIN};
		bool listens = !lines->ended && client->in_flight < IN_FLIGHT_MAX &&
			set_input_has_room(lines);

		curl_multi_poll(client->multi, &input, listens ? 1 : 0, IDLE_MS, NULL);
		if (input.revents)
			set_input_take(lines);
		obey_lines(client);
		work(client);
		if (fflush(stdout) != 0)
			return EXIT_FAILURE;
		if (client->in_flight < IN_FLIGHT_MAX)
			set_input_drop_rest(lines);
	}
	return EXIT_SUCCESS;
}

/* --- options --------------------------------------------------------------------------- */

static error_t parse_option(int key, char *text, struct argp_state *state)
{
	struct client *client = state->input;

	switch (key) {
	case 'p':
		client->port = set_parse_number(text, 1, PORT_MAX, state);
		return 0;
	case 'k':
		if (strlen(text) > PREFIX_MAX)
			argp_error(state, "the prefix is longer than %d bytes", PREFIX_MAX);
		client->prefix = text;
		return 0;
	case 't':
		client->timeout_ns = set_parse_timeout(text, NS_PER_MS, state);
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num > 0)
			argp_usage(state);
		set_parse_addresses(&client->members, text, state);
		return 0;
	case ARGP_KEY_END:
		if (client->members.count == 0)
			argp_usage(state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{"port", 'p', "PORT", 0, "Client port of the members (2379)", 0},
	{"prefix", 'k', "TEXT", 0, "What keys begin with (backburn/set/)", 0},
	{"timeout", 't', "DURATION", 0, "After which an operation's outcome is unknown (1s)", 0},
	{0},
};

static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.args_doc = "ADDRESS[,ADDRESS...]",
	.doc = "Adds integers to a set in etcd, and reads the set: a workload client of backburn.",
};

int main(int argc, char **argv)
{
	static struct client client = {
		.port = 2379, .prefix = "backburn/set/", .timeout_ns = NS_PER_SEC};
	int status;

	argp_err_exit_status = 64;
	argp_parse(&argp, argc, argv, 0, NULL, &client);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return EXIT_FAILURE;
	client.multi = curl_multi_init();
	client.headers = curl_slist_append(NULL, "Content-Type: application/json");
	if (!client.multi || !client.headers)
		return EXIT_FAILURE;
	curl_multi_setopt(client.multi, CURLMOPT_MAXCONNECTS, (long)IN_FLIGHT_MAX);
	status = serve(&client);
	curl_multi_cleanup(client.multi);
	curl_slist_free_all(client.headers);
	curl_global_cleanup();
	return status;
}
