/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/http.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <curl/curl.h>

#include "contract/memory.h"
#include "contract/units.h"
#include "controller/prober/http_tls.h"
#include "controller/prober/text.h"

struct transfer {
	CURL *easy;
	struct curl_slist *headers, *connect_to;
	void (*done)(void *context, const struct http_result *result);
	void *context;
	struct transfer *next_free;
	struct text_kept body;
	size_t body_max; /* 0: thrown away */
	bool too_large;
	char error[CURL_ERROR_SIZE];
	bool busy;
};

struct http {
	uv_loop_t *loop;
	CURLM *multi;
	uv_timer_t *timer;
	struct transfer *transfers; /* capacity of them, their easy handles made at first use */
	struct transfer *free;
	struct http_options options;
};

/* One socket that curl wants watched; freed by its close callback. */
struct watched {
	uv_poll_t poll;
	struct http *http;
	curl_socket_t socket;
};

static void release(struct http *http, struct transfer *transfer)
{
	curl_slist_free_all(transfer->headers);
	curl_slist_free_all(transfer->connect_to);
	transfer->headers = transfer->connect_to = NULL;
	transfer->busy = false;
	transfer->next_free = http->free;
	http->free = transfer;
}

static enum http_ending ending_of(CURLcode code)
{
	switch (code) {
	case CURLE_OK:
		return HTTP_ANSWERED;
	case CURLE_OPERATION_TIMEDOUT:
		return HTTP_TIMED_OUT;
	case CURLE_COULDNT_CONNECT:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
		return HTTP_NO_CONNECTION;
	default:
		return HTTP_BROKEN;
	}
}

/* In words that quote nothing; *detail are libcurl's, where they say more. */
static const char *describe(const struct transfer *transfer, CURLcode code, const char **detail)
{
	const char *said;
	curl_off_t begun = 0;
	long error = 0;

	*detail = "";
	if (code == CURLE_OK)
		return "";
	if (transfer->too_large)
		return "the answer is too large to be compared";
	curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &error);
	if (code == CURLE_COULDNT_CONNECT && error)
		return strerror((int)error);
	curl_easy_getinfo(transfer->easy, CURLINFO_PRETRANSFER_TIME_T, &begun);
	if (code == CURLE_OPERATION_TIMEDOUT)
		return begun ? "no answer in time" : "no connection in time";
	*detail = transfer->error;
	said = http_tls_refusal(transfer->error);
	return said ? said : curl_easy_strerror(code);
}

/* Hands out what has ended. A callback may send again, so the slot is free before it runs. */
static void collect(struct http *http)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(http->multi, &left))) {
		CURLcode code = message->data.result;
		struct transfer *transfer;
		struct text_kept body;
		struct http_result result;
		char text[CURL_ERROR_SIZE], detail[CURL_ERROR_SIZE];
		const char *said;
		long status = 0;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
		curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
		snprintf(text, sizeof(text), "%s", describe(transfer, code, &said));
		snprintf(detail, sizeof(detail), "%s", said);
		curl_multi_remove_handle(http->multi, transfer->easy);
		body = transfer->body;
		transfer->body = (struct text_kept){0};
		release(http, transfer);
		result = (struct http_result){.ending = ending_of(code),
			.status = (int)status,
			.text = text,
			.detail = detail,
			.body = body.bytes ? body.bytes : "",
			.body_length = body.length};
		transfer->done(transfer->context, &result);
		text_kept_deinit(&body);
	}
}

/* --- the loop -------------------------------------------------------------------------- */

static void on_watched_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct watched *watched = poll->data;
	struct http *http = watched->http;
	int running, flags = 0;

	if (status < 0)
		flags = CURL_CSELECT_ERR;
	if (events & UV_READABLE)
		flags |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		flags |= CURL_CSELECT_OUT;
	curl_multi_socket_action(http->multi, watched->socket, flags, &running);
	collect(http);
}

static int on_socket(CURL *easy, curl_socket_t socket, int what, void *context, void *assigned)
{
	struct http *http = context;
	struct watched *watched = assigned;
	int events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (watched) {
			curl_multi_assign(http->multi, socket, NULL);
			uv_poll_stop(&watched->poll);
			uv_close((uv_handle_t *)&watched->poll, on_watched_closed);
		}
		return 0;
	}
	if (!watched) {
		watched = must_alloc(sizeof(*watched));
		watched->http = http;
		watched->socket = socket;
		if (uv_poll_init_socket(http->loop, &watched->poll, socket) < 0) {
			free(watched);
			return -1;
		}
		watched->poll.data = watched;
		curl_multi_assign(http->multi, socket, watched);
	}
	if (what & CURL_POLL_IN)
		events |= UV_READABLE;
	if (what & CURL_POLL_OUT)
		events |= UV_WRITABLE;
	return uv_poll_start(&watched->poll, events, on_ready) < 0 ? -1 : 0;
}

static void on_timer(uv_timer_t *timer)
{
	struct http *http = timer->data;
	int running;

	curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect(http);
}

static int on_timeout_wanted(CURLM *multi, long timeout_ms, void *context)
{
	struct http *http = context;

	(void)multi;
	if (timeout_ms < 0)
		return uv_timer_stop(http->timer);
	/* uv counts from the beginning of this turn, which may be long over. */
	uv_update_time(http->loop);
	return uv_timer_start(http->timer, on_timer, (uint64_t)timeout_ms, 0);
}

/* --- requests -------------------------------------------------------------------------- */

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;

	if (!transfer->body_max ||
		text_keep(&transfer->body, bytes, size * count, transfer->body_max) == 0)
		return size * count;
	transfer->too_large = true;
	return 0; /* ends the transfer */
}

/* curl's own sockets would be inherited by the clients of workloads. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	(void)context;
	(void)purpose;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* Without an orderly close no port stays in TIME_WAIT; all of the answer has been read by then. */
static int reset_socket(void *context, curl_socket_t socket)
{
	const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

	(void)context;
	setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	return close(socket);
}

static CURL *easy_new(struct transfer *transfer, const struct http_options *options)
{
	CURL *easy = curl_easy_init();

	if (!easy)
		return NULL;
	curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "backburn/" BACKBURN_VERSION);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	transfer->body_max = options->body_max;
	if (options->fresh) {
		curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
		curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
		/* A new client has no session to resume, and looks at the certificate. */
		curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
		curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, reset_socket);
	}
	if (options->tls)
		http_tls_set(easy, options->tls);
	return easy;
}

static void set_method(CURL *easy, const struct http_request *request)
{
	curl_easy_setopt(easy, CURLOPT_NOBODY, 0L);
	curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	if (request->body || strcmp(request->method, "POST") == 0 ||
		strcmp(request->method, "PUT") == 0) {
		const char *body = request->body ? request->body : "";

		curl_easy_setopt(easy, CURLOPT_POST, 1L);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
		curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, body);
	} else if (strcmp(request->method, "HEAD") == 0) {
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	}
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

static void set_headers(struct transfer *transfer, const struct list *headers)
{
	/* Without this curl would wait up to a second for "100 Continue" before a large body. */
	transfer->headers = curl_slist_append(NULL, "Expect:");
	LIST_EACH(*headers, char *, header) {
		transfer->headers = curl_slist_append(transfer->headers, *header);
	}
	curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
}

/*
 * The name takes the host's place in the URL, where libcurl takes it from for SNI and checks it,
 * and the connection is led back to the host. The Host header stays what it would have been.
 */
static int set_server_name(struct transfer *transfer, const struct http_request *request)
{
	struct http_tls_detour detour;
	int outcome = http_tls_detour(request->url, request->server_name, &detour);

	if (outcome == 0) {
		curl_easy_setopt(transfer->easy, CURLOPT_URL, detour.url);
		transfer->connect_to = curl_slist_append(NULL, detour.connect_to);
		curl_easy_setopt(transfer->easy, CURLOPT_CONNECT_TO, transfer->connect_to);
		transfer->headers = curl_slist_append(transfer->headers, detour.host_header);
		curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
	}
	http_tls_detour_deinit(&detour);
	return outcome;
}

int http_send(struct http *http, const struct http_request *request)
{
	struct transfer *transfer = http->free;
	int64_t limit_ms = (request->limit_ns + NS_PER_MS - 1) / NS_PER_MS;

	if (!transfer)
		return -1;
	if (!transfer->easy) {
		transfer->easy = easy_new(transfer, &http->options);
		if (!transfer->easy)
			return -1;
	}
	http->free = transfer->next_free;
	transfer->busy = true;
	transfer->done = request->done;
	transfer->context = request->context;
	transfer->error[0] = '\0';
	transfer->too_large = false;
	curl_easy_setopt(transfer->easy, CURLOPT_URL, request->url);
	curl_easy_setopt(transfer->easy, CURLOPT_TIMEOUT_MS, (long)(limit_ms < 1 ? 1 : limit_ms));
	set_method(transfer->easy, request);
	set_headers(transfer, request->headers);
	if (request->server_name && set_server_name(transfer, request) < 0) {
		release(http, transfer);
		return -1;
	}
	if (curl_multi_add_handle(http->multi, transfer->easy) != CURLM_OK) {
		release(http, transfer);
		return -1;
	}
	return 0;
}

void http_flush(struct http *http)
{
	int running;

	curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect(http);
}

char *http_encode(const char *text)
{
	char *encoded = curl_easy_escape(NULL, text, 0), *copy = must_copy(encoded ? encoded : "");

	curl_free(encoded);
	return copy;
}

/* --- life ------------------------------------------------------------------------------ */

static int set_up_multi(struct http *http, struct fail *fail)
{
	http->multi = curl_multi_init();
	if (!http->multi)
		return fail_set(fail, FAIL_INTERNAL, "libcurl does not start");
	curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
	curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, on_timeout_wanted);
	curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
	curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)http->options.capacity);
	curl_multi_setopt(http->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	return 0;
}

int http_new(
	uv_loop_t *loop, const struct http_options *options, struct http **out, struct fail *fail)
{
	struct http *http = must_alloc(sizeof(*http));

	http->loop = loop;
	http->options = *options;
	http->transfers = must_array((size_t)options->capacity, sizeof(*http->transfers));
	http->timer = must_alloc(sizeof(*http->timer));
	if (set_up_multi(http, fail) < 0) {
		free(http->transfers);
		free(http->timer);
		free(http);
		return -1;
	}
	uv_timer_init(loop, http->timer);
	http->timer->data = http;
	/* The first ones end on top, so that few handles are made when few are needed. */
	for (int i = options->capacity - 1; i >= 0; i--)
		release(http, &http->transfers[i]);
	*out = http;
	return 0;
}

static void on_timer_closed(uv_handle_t *handle)
{
	free(handle);
}

void http_free(struct http *http)
{
	if (!http)
		return;
	for (int i = 0; i < http->options.capacity; i++) {
		struct transfer *transfer = &http->transfers[i];

		if (transfer->busy)
			curl_multi_remove_handle(http->multi, transfer->easy);
		if (transfer->easy)
			curl_easy_cleanup(transfer->easy);
		curl_slist_free_all(transfer->headers);
		curl_slist_free_all(transfer->connect_to);
		text_kept_deinit(&transfer->body);
	}
	curl_multi_cleanup(http->multi);
	uv_close((uv_handle_t *)http->timer, on_timer_closed);
	free(http->transfers);
	free(http);
}
