/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_HOSTS_H
#define BACKBURN_INJECTOR_HOSTS_H

#include <stdbool.h>
#include <stdint.h>

#include "contract/fail.h"
#include "contract/shape.h"
#include "contract/verbs.h"
#include "injector/host.h"

/*
 * The host names of one fault, and what they stand for. A name is looked up before the fault is
 * planned, and again while it acts: names of services that are spread over many addresses give
 * others every minute. What a name has stood for it keeps, for connections there may live on.
 */
struct named_host {
	char *name;
	struct list addresses;      /* of struct prefix, as in a peer set; endpoints borrow it */
	bool known;                 /* it has been found once */
	char *trouble;              /* of the last lookup; NULL: none */
	struct host_lookup *lookup; /* NULL: none runs */
	int64_t until_ns;           /* of that lookup */
	int64_t next_ns;            /* no lookup before */
};

/*
 * Names of an order's endpoints, each once, as a list of struct named_host *; nothing is looked up.
 * FAIL_USAGE when it names what is none, or too many.
 */
int hosts_collect(const struct fault_order *order, struct list *out, struct fail *fail);
void hosts_free(struct list *hosts);

/* Lets endpoints that name one of them borrow its addresses. */
void hosts_bind(const struct list *hosts, const struct list *endpoints);

/* Begins a lookup. It may last until `until_ns`. */
int host_begin(struct named_host *host, int64_t until_ns, struct fail *fail);
/* It is over: `next_ns` is the earliest instant of another. */
void host_stop(struct named_host *host, int64_t next_ns);

/*
 * What has come of a lookup that runs; LOOKUP_FAILED also when its time is over. When it is done,
 * `grown` is what the name stands for with the new addresses: those that there is no more room for
 * are left out, and `trouble` says so. The caller puts it into the place of `addresses`.
 */
enum host_lookup_state host_look(
	struct named_host *host, int64_t now_ns, struct list *grown, struct fail *fail);

void host_trouble(struct named_host *host, const char *text);

#endif
