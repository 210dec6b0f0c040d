/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/hosts.h"

#include <stdlib.h>
#include <string.h>

#include "injector/lists.h"
#include "injector/mechanisms/match_table.h"
#include "injector/peers.h"

static struct named_host *find(const struct list *hosts, const char *name)
{
	LIST_EACH(*hosts, struct named_host *, host) {
		if (strcmp((*host)->name, name) == 0)
			return *host;
	}
	return NULL;
}

static int collect(const struct list *endpoints, struct list *out, struct fail *fail)
{
	LIST_EACH(*endpoints, const struct endpoint, endpoint) {
		struct fail ignored = FAIL_INIT;
		struct named_host *host;
		struct prefix prefix;

		if (!endpoint->host)
			continue;
		if (endpoint->prefixes.count || endpoint->set)
			return fail_set(fail, FAIL_USAGE,
				"%s has a \"host\", and \"prefixes\" or a \"set\": leave out one",
				endpoint->node);
		if (prefix_parse(endpoint->host, &prefix, &ignored) == 0)
			return fail_set(fail, FAIL_USAGE,
				"host %s is an address: it belongs into \"prefixes\"",
				endpoint->host);
		if (find(out, endpoint->host))
			continue;
		if (out->count == HOSTS_MAX)
			return fail_set(fail, FAIL_REFUSED,
				"%d host names of one fault are the most", HOSTS_MAX);
		host = must_alloc(sizeof(*host));
		host->name = must_copy(endpoint->host);
		*(struct named_host **)list_push(out, sizeof(host)) = host;
	}
	return 0;
}

int hosts_collect(const struct fault_order *order, struct list *out, struct fail *fail)
{
	*out = (struct list){0};
	if (collect(&order->on, out, fail) == 0 && collect(&order->from, out, fail) == 0)
		return 0;
	hosts_free(out);
	return -1;
}

void hosts_free(struct list *hosts)
{
	LIST_EACH(*hosts, struct named_host *, host) {
		host_lookup_end((*host)->lookup);
		list_free(&(*host)->addresses);
		free((*host)->name);
		free((*host)->trouble);
		free(*host);
	}
	list_free(hosts);
}

void hosts_bind(const struct list *hosts, const struct list *endpoints)
{
	LIST_EACH(*endpoints, struct endpoint, endpoint) {
		const struct named_host *host = endpoint->host ? find(hosts, endpoint->host) : NULL;

		if (host)
			endpoint->known = &host->addresses;
	}
}

int host_begin(struct named_host *host, int64_t until_ns, struct fail *fail)
{
	host->until_ns = until_ns;
	return host_lookup_start(host->name, &host->lookup, fail);
}

void host_stop(struct named_host *host, int64_t next_ns)
{
	host_lookup_end(host->lookup);
	host->lookup = NULL;
	host->next_ns = next_ns;
}

void host_trouble(struct named_host *host, const char *text)
{
	free(host->trouble);
	host->trouble = must_copy_if(text);
}

static bool has(const struct list *addresses, const struct prefix *wanted)
{
	LIST_EACH(*addresses, const struct prefix, address) {
		if (match_compare(address, wanted) == 0)
			return true;
	}
	return false;
}

/* Old ones first: they may be in use. */
static void merge(struct named_host *host, const struct list *found, struct list *grown)
{
	struct list more = {0};
	size_t room = HOST_ADDRESSES_MAX - host->addresses.count, left_out = 0;

	LIST_EACH(*found, const struct prefix, address) {
		struct prefix normal = match_normalised(address);

		if (has(&host->addresses, &normal) || has(&more, &normal))
			continue;
		if (more.count < room)
			*(struct prefix *)list_push(&more, sizeof(normal)) = normal;
		else
			left_out++;
	}
	peers_merge(&host->addresses, &more, grown);
	list_free(&more);
	host_trouble(host,
		left_out ? "it has had more addresses than can be kept: the newest are not hit"
			 : NULL);
}

enum host_lookup_state host_look(
	struct named_host *host, int64_t now_ns, struct list *grown, struct fail *fail)
{
	enum host_lookup_state state;
	struct list found = {0};

	state = host_lookup_look(host->lookup, &found, fail);
	if (state == LOOKUP_DONE)
		merge(host, &found, grown);
	list_free(&found);
	if (state != LOOKUP_RUNS || now_ns < host->until_ns)
		return state;
	fail_set(fail, FAIL_SYSTEM, "there was no answer in time");
	return LOOKUP_FAILED;
}
