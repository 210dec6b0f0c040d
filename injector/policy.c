/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/matcher.h"
#include "contract/json.h"
#include "contract/units.h"
#include "injector/host.h"
#include "injector/lists.h"

enum {
	POLICY_BYTES_MAX = 1024 * 1024
};

#define ROUNDING 1e-6

#define AT(type, member) .offset = offsetof(struct type, member)
#define TEXTS(name, type, member, help_text)                                                       \
	{                                                                                          \
		.key = name, .kind = FIELD_LIST, .item = FIELD_STRING, AT(type, member),           \
		.allow_empty = true, .help = help_text                                             \
	}
#define SHAPE(name_text, type, table, help_text)                                                   \
	{                                                                                          \
		.name = name_text, .size = sizeof(struct type), SHAPE_FIELDS(table),               \
		.help = help_text                                                                  \
	}

static const struct field faults_fields[] = {
	TEXTS("allow", policy_faults, allow,
		"The kinds that are allowed; all when empty or left out."),
	TEXTS("deny", policy_faults, deny, "The kinds that are never allowed."),
};
static const struct shape faults_shape =
	SHAPE("faults", policy_faults, faults_fields, "Which kinds of faults are allowed here.");

static const struct field protect_fields[] = {
	{.key = "ports",
		.kind = FIELD_PORTS,
		AT(policy_protect, ports),
		.help = "Local ports that no packet fault hits."},
	TEXTS("cgroups", policy_protect, cgroups,
		"Processes in these cgroups are never hit, nor are their packets singled out."),
	{.key = "prefixes",
		.kind = FIELD_LIST,
		.item = FIELD_PREFIX,
		AT(policy_protect, prefixes),
		.allow_empty = true,
		.help = "Peers that are never cut off."},
	TEXTS("exe", policy_protect, exe, "Processes of these programs are never hit."),
};
static const struct shape protect_shape = SHAPE(
	"protect", policy_protect, protect_fields, "What no fault may hit, whatever is asked.");

static const struct field policy_fields[] = {
	{.key = "$schema",
		.kind = FIELD_STRING,
		AT(policy_rules, schema),
		.help = "The JSON Schema of this file, for editors."},
	{.key = "backburn_policy",
		.kind = FIELD_INTEGER,
		AT(policy_rules, version),
		.required = true,
		.min = 1,
		.max = 1,
		.help = "Marks a policy; the version of the format."},
	{.key = "faults",
		.kind = FIELD_OBJECT,
		.sub = &faults_shape,
		AT(policy_rules, faults),
		.help = "Which kinds of faults are allowed."},
	{.key = "max_fault",
		.kind = FIELD_DURATION,
		AT(policy_rules, max_fault_ns),
		.help = "The longest that a fault may last; no bound when left out."},
	{.key = "max_loss",
		.kind = FIELD_RATIO,
		AT(policy_rules, max_loss),
		.preset = "1",
		.help = "The greatest share of packets that a fault may lose, corrupt or "
			"duplicate. What loses all is a partition: faults.deny names it."},
	{.key = "protect",
		.kind = FIELD_OBJECT,
		.sub = &protect_shape,
		AT(policy_rules, protect),
		.help = "What no fault may hit."},
	{.key = "hours",
		.kind = FIELD_OBJECT,
		.sub = &hours_shape,
		AT(policy_rules, hours),
		.help = "When faults are allowed; always when left out."},
};
const struct shape policy_shape =
	SHAPE("policy", policy_rules, policy_fields, "What the owner of a host allows on it.");

/* ---- reading ---- */

static int parse(struct policy_rules *rules, const char *text, size_t length, struct fail *fail)
{
	cJSON *json = json_parse(text, length, fail);
	int result;

	if (!json)
		return -1;
	result = shape_decode(&policy_shape, json, "", rules, fail);
	cJSON_Delete(json);
	if (result == 0 && rules->hours &&
		hours_check(rules->hours, host_file_exists, "hours", fail) < 0) {
		shape_free(&policy_shape, rules);
		result = -1;
	}
	if (result < 0 && !fail->line && fail->path[0])
		fail->line = json_line_of(text, length, fail->path);
	return result;
}

static void unusable(struct policy *policy, const struct fail *fail)
{
	char reason[FAIL_TEXT_MAX + FAIL_PATH_MAX + 32];

	snprintf(reason, sizeof(reason), "line %d: %s%s%s", fail->line, fail->path,
		fail->path[0] ? ": " : "", fail->text);
	policy->state = POLICY_UNUSABLE;
	policy->reason = must_copy(fail->line ? reason : fail->text);
}

void policy_load(struct policy *policy, const char *path, bool required)
{
	struct fail fail = FAIL_INIT;
	size_t length;
	char *text;

	*policy = (struct policy){.path = must_copy(path)};
	if (host_file_read(path, POLICY_BYTES_MAX, &text, &length, &fail) < 0) {
		if (fail.error != ENOENT || required)
			unusable(policy, &fail);
		return;
	}
	if (parse(&policy->rules, text, length, &fail) < 0)
		unusable(policy, &fail);
	else
		policy->state = POLICY_READ;
	free(text);
}

void policy_deinit(struct policy *policy)
{
	shape_free(&policy_shape, &policy->rules);
	free(policy->path);
	free(policy->reason);
	*policy = (struct policy){0};
}

/* ---- judging ---- */

static bool names(const struct list *list, const char *word)
{
	LIST_EACH(*list, char *, text) {
		if (strcmp(*text, word) == 0)
			return true;
	}
	return false;
}

static int judge_kind(const struct policy_faults *faults, const char *fault, struct fail *fail)
{
	if (!faults)
		return 0;
	if (names(&faults->deny, fault))
		return fail_set(fail, FAIL_REFUSED, "faults.deny names %s", fault);
	if (faults->allow.count && !names(&faults->allow, fault))
		return fail_set(fail, FAIL_REFUSED, "faults.allow does not name %s", fault);
	return 0;
}

int policy_names(const struct policy *policy, const char *fault, struct fail *fail)
{
	const struct policy_faults *faults = policy->rules.faults;

	if (policy->state == POLICY_READ && faults && names(&faults->allow, fault))
		return 0;
	return fail_set(fail, FAIL_REFUSED,
		"%s is refused unless the host's own policy %s names it in faults.allow, which %s",
		fault, policy->path,
		policy->state == POLICY_ABSENT         ? "is not there"
			: policy->state == POLICY_READ ? "does not"
						       : "can't be used");
}

static int judge_duration(
	int64_t max_ns, const struct fault_order *order, int64_t now_ns, struct fail *fail)
{
	char asked[DURATION_TEXT_MAX], allowed[DURATION_TEXT_MAX];
	int64_t from_ns = order->start_ns > now_ns ? order->start_ns : now_ns;

	if (!max_ns || !order->deadline_ns || order->deadline_ns - from_ns <= max_ns)
		return 0;
	return fail_set(fail, FAIL_REFUSED, "max_fault is %s, and %s was asked for",
		duration_human(max_ns, allowed),
		duration_human(order->deadline_ns - from_ns, asked));
}

static int judge_hours(const struct hours *hours, const struct fault_order *order,
	const struct policy_moment *moment, struct fail *fail)
{
	int64_t end_ns = moment->wall_ns;

	if (!hours)
		return 0;
	if (order->deadline_ns > moment->now_ns)
		end_ns += order->deadline_ns - moment->now_ns;
	if (hours_cover(hours, moment->wall_ns, end_ns))
		return 0;
	return fail_set(fail, FAIL_REFUSED, "hours allow faults from %s to %s (%s) only",
		hours->from, hours->to, hours->zone);
}

static int judge_peers(
	const struct policy_protect *protect, const struct list *peers, struct fail *fail)
{
	char inner[PREFIX_TEXT_MAX], outer[PREFIX_TEXT_MAX];

	if (!protect)
		return 0;
	LIST_EACH(*peers, const struct endpoint, peer) {
		LIST_EACH(*endpoint_prefixes(peer), const struct prefix, prefix) {
			LIST_EACH(protect->prefixes, const struct prefix, hole) {
				if (prefix_contains(hole, prefix))
					return fail_set(fail, FAIL_REFUSED,
						"protect.prefixes names %s, which covers %s of %s",
						prefix_format(hole, outer),
						prefix_format(prefix, inner), peer->node);
			}
		}
	}
	return 0;
}

int policy_allows_peers(const struct policy *policy, const struct list *peers, struct fail *fail)
{
	if (policy->state != POLICY_READ || judge_peers(policy->rules.protect, peers, fail) == 0)
		return 0;
	return fail_context(fail, "refused by this host's policy %s", policy->path);
}

int policy_allows(const struct policy *policy, const struct fault_order *order,
	const struct list *peers, const struct policy_moment *moment, struct fail *fail)
{
	const struct policy_rules *rules = &policy->rules;

	if (policy->state == POLICY_ABSENT)
		return 0;
	if (policy->state == POLICY_UNUSABLE)
		return fail_set(fail, FAIL_REFUSED,
			"this host's policy %s can't be used, so nothing is allowed: %s",
			policy->path, policy->reason);
	if (judge_kind(rules->faults, order->fault, fail) < 0 ||
		(!moment->at_once &&
			judge_duration(rules->max_fault_ns, order, moment->now_ns, fail) < 0) ||
		judge_hours(rules->hours, order, moment, fail) < 0 ||
		judge_peers(rules->protect, peers, fail) < 0)
		return fail_context(fail, "refused by this host's policy %s", policy->path);
	return 0;
}

int policy_allows_share(
	const struct policy *policy, const char *fault, double share, struct fail *fail)
{
	double most = policy->rules.max_loss;

	/* A share is one of parts: what is asked for exactly may come out a little above. */
	if (policy->state != POLICY_READ || share <= most + ROUNDING)
		return 0;
	return fail_set(fail, FAIL_REFUSED,
		"refused by this host's policy %s: max_loss is %.3g %%, and %s would hit %.3g %% "
		"of the packets",
		policy->path, most * 100, fault, share * 100);
}

bool cgroup_is_within(const char *cgroup, const char *outer)
{
	size_t length = strlen(outer);

	while (length && outer[length - 1] == '/')
		length--;
	return cgroup && strncmp(cgroup, outer, length) == 0 &&
		(cgroup[length] == '/' || cgroup[length] == '\0');
}

const char *policy_protects(const struct policy *policy, const char *exe, const char *cgroup)
{
	const struct policy_protect *protect = policy->rules.protect;

	if (!protect)
		return NULL;
	if (exe && names(&protect->exe, exe))
		return "protect.exe";
	LIST_EACH(protect->cgroups, char *, outer) {
		if (cgroup_is_within(cgroup, *outer))
			return "protect.cgroups";
	}
	return NULL;
}
