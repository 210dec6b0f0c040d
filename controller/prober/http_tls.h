/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PROBER_HTTP_TLS_H
#define BACKBURN_PROBER_HTTP_TLS_H

#include <curl/curl.h>

struct http_tls;

/* How libcurl is told what an order says of https. `tls` must outlive the handle. */
void http_tls_set(CURL *easy, const struct http_tls *tls);

/*
 * What the server's alert means, in words that quote nothing; NULL for any other error. `error`
 * are libcurl's words.
 */
const char *http_tls_refusal(const char *error);

/* A request whose certificate is checked against another name than the URL's host. */
struct http_tls_detour {
	char *url;         /* with the name in the host's place */
	char *connect_to;  /* for CURLOPT_CONNECT_TO: back to the host */
	char *host_header; /* "Host: …", of the URL as it was */
};

/* -1 when the URL can't be parsed. Deinit in any case. */
int http_tls_detour(const char *url, const char *name, struct http_tls_detour *out);
void http_tls_detour_deinit(struct http_tls_detour *detour);

#endif
