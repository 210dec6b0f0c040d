/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/http_tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/prober/orders.h"

static struct curl_blob borrow(const char *text)
{
	return (struct curl_blob){
		.data = (void *)text, .len = strlen(text), .flags = CURL_BLOB_NOCOPY};
}

void http_tls_set(CURL *easy, const struct http_tls *tls)
{
	struct curl_blob blob;

	if (!tls->verify) {
		curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (tls->ca) {
		blob = borrow(tls->ca);
		curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
		/* Else the system's authorities would be trusted beside it. */
		curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	}
	if (tls->cert) {
		blob = borrow(tls->cert);
		curl_easy_setopt(easy, CURLOPT_SSLCERT_BLOB, &blob);
		blob = borrow(tls->key);
		curl_easy_setopt(easy, CURLOPT_SSLKEY_BLOB, &blob);
	}
}

const char *http_tls_refusal(const char *error)
{
	static const struct {
		const char *alert, *meaning;
	} alerts[] = {
		{"alert certificate required", "the server asks for a client certificate"},
		{"alert unknown ca", "the server does not know who signed the client certificate"},
		{"alert bad certificate", "the server does not take the client certificate"},
		{"alert certificate expired", "the client certificate has expired"},
		{"alert certificate revoked", "the client certificate is revoked"},
	};

	for (size_t i = 0; i < sizeof(alerts) / sizeof(alerts[0]); i++)
		if (strstr(error, alerts[i].alert))
			return alerts[i].meaning;
	return NULL;
}

/* libcurl's own reading of the URL: it has brackets around an IPv6 address. */
static int take_apart(CURLU *parsed, struct http_tls_detour *out)
{
	char *host = NULL, *port = NULL, *given = NULL;
	int outcome = -1;

	if (curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
		curl_url_get(parsed, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK) {
		curl_url_get(parsed, CURLUPART_PORT, &given, 0);
		if (asprintf(&out->connect_to, "::%s:%s", host, port) < 0 ||
			asprintf(&out->host_header, "Host: %s%s%s", host, given ? ":" : "",
				given ? given : "") < 0)
			abort();
		outcome = 0;
	}
	curl_free(host);
	curl_free(port);
	curl_free(given);
	return outcome;
}

int http_tls_detour(const char *url, const char *name, struct http_tls_detour *out)
{
	CURLU *parsed = curl_url();
	char *changed = NULL;
	int outcome = -1;

	*out = (struct http_tls_detour){0};
	if (parsed && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
		take_apart(parsed, out) == 0 &&
		curl_url_set(parsed, CURLUPART_HOST, name, 0) == CURLUE_OK &&
		curl_url_get(parsed, CURLUPART_URL, &changed, 0) == CURLUE_OK) {
		out->url = strdup(changed);
		outcome = out->url ? 0 : -1;
	}
	curl_free(changed);
	curl_url_cleanup(parsed);
	return outcome;
}

void http_tls_detour_deinit(struct http_tls_detour *detour)
{
	free(detour->url);
	free(detour->connect_to);
	free(detour->host_header);
}
