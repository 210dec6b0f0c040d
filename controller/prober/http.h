/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PROBER_HTTP_H
#define BACKBURN_PROBER_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "contract/fail.h"
#include "contract/shape.h"

/*
 * HTTP/1.1 requests, many at once, on a libuv loop (libcurl's multi interface). No proxy, no
 * redirects, no cookies; answers are read to the end. https trusts the system's authorities,
 * unless the options say otherwise.
 */
struct http;
struct http_tls;

enum http_ending {
	HTTP_ANSWERED,      /* a complete answer: see `status` */
	HTTP_TIMED_OUT,     /* the limit passed before the last byte */
	HTTP_NO_CONNECTION, /* refused, unreachable, unknown host: nothing was sent */
	HTTP_BROKEN,        /* lost, nonsense, or too much, after the connection stood */
};

struct http_result {
	enum http_ending ending;
	int status;         /* of HTTP_ANSWERED */
	const char *text;   /* what went wrong, in words; "" for HTTP_ANSWERED; borrowed */
	const char *detail; /* libcurl's words, which may quote the URL; or ""; borrowed */
	const char *body;   /* of HTTP_ANSWERED with body_max, else ""; borrowed */
	size_t body_length;
};

struct http_options {
	int capacity; /* requests at once, and as many connections */
	/*
	 * A connection for each request instead of keeping them alive. They are closed by a reset:
	 * an orderly close would leave each port in TIME_WAIT for a minute, and a few hundred
	 * requests a second would use up all ports.
	 */
	bool fresh;
	size_t body_max; /* bodies up to this are kept for the result, longer ones are broken;
			    0: any body, thrown away */
	const struct http_tls *tls; /* borrowed as long as the http lives; NULL: as usual */
};

/* Strings are borrowed until http_send() returns. */
struct http_request {
	const char *method;
	const char *url;
	const struct list *headers; /* of char *: "Name: value" */
	const char *body;           /* NULL: none */
	const char *server_name;    /* whom https asks for and checks; NULL: the URL's host */
	int64_t limit_ns; /* from now to the last byte, ≥ 1 ms (rounded up to whole ms) */
	/* Called once, unless the http is freed before; never from inside http_send(). */
	void (*done)(void *context, const struct http_result *result);
	void *context;
};

int http_new(
	uv_loop_t *loop, const struct http_options *options, struct http **out, struct fail *fail);

/* The text as part of a URL: what is not a letter, a digit or one of -._~ is %XX. To be freed. */
char *http_encode(const char *text);

/* Drops all requests without a call. The loop must run once more to close what is left. */
void http_free(struct http *http);

/* 0 when the request is under way; -1 when all slots are taken. */
int http_send(struct http *http, const struct http_request *request);

/*
 * Begins at once what http_send() has queued: connects and writes without another turn of the
 * loop. What ends at once (a refused connection) is handed out from inside this call.
 */
void http_flush(struct http *http);

#endif
