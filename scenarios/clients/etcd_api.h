/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_ETCD_API_H
#define BACKBURN_ETCD_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The little of etcd's JSON gateway (/v3/kv) that the set client needs: bodies of requests, and
 * what an answer means. Pure. Keys are PREFIX followed by the id in twelve digits or more.
 */
enum etcd_meaning {
	ETCD_DONE,
	ETCD_NOT_DONE, /* refused before anything was proposed */
	ETCD_UNKNOWN,  /* no leader, a timeout inside etcd, or an answer that nobody understands */
};

/* Bodies; the caller frees. */
char *etcd_put_body(const char *prefix, int64_t id);
/* One page of the keys under `prefix` from the member's own state, ids above `after` only. */
char *etcd_range_body(const char *prefix, int64_t after);

enum {
	ETCD_PAGE_KEYS = 1000,
	ETCD_REASON_SIZE = 160
};

/* `answer` is the body of an HTTP answer. `reason` is filled unless ETCD_DONE. */
enum etcd_meaning etcd_put_meaning(
	long http_status, const char *answer, char reason[ETCD_REASON_SIZE]);

struct etcd_page {
	int64_t ids[ETCD_PAGE_KEYS]; /* ascending */
	size_t count;
	bool more; /* another page follows */
	char reason[ETCD_REASON_SIZE];
};

/* Takes the ids from the answer to a range; -1 with page->reason for an answer that is none. */
int etcd_page_take(
	struct etcd_page *page, long http_status, const char *answer, const char *prefix);

#endif
