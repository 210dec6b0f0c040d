/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "contract/failpoint.h"
#include "contract/verbs.h"
#include "injector/effects.h"
#include "injector/halts.h"
#include "injector/holder.h"
#include "injector/host.h"
#include "injector/lists.h"
#include "injector/log.h"
#include "injector/mechanisms/matcher.h"
#include "injector/recover.h"
#include "injector/session.h"
#include "injector/verb.h"

static int check(
	const struct session *session, const struct hello_params *params, struct fail *fail)
{
	if (session->greeted)
		return fail_set(fail, FAIL_USAGE, "said already in this session");
	if (params->version != CONTRACT_VERSION)
		return fail_set(fail, FAIL_UNSUPPORTED,
			"this injector speaks version %d of the contract, not %" PRId64,
			CONTRACT_VERSION, params->version);
	/* It names a directory beside that file. */
	if (strcmp(params->session, "lock") == 0)
		return fail_set(fail, FAIL_USAGE, "\"%s\" can't name a session", params->session);
	return 0;
}

/* Better said at once than by the first of many things that are then forbidden. */
static int check_root(const struct host_facts *facts, struct fail *fail)
{
	if (facts->uid == 0)
		return 0;
	return fail_set(fail, FAIL_REFUSED,
		"the injector runs as uid %" PRIu32
		", not as root: let the host's \"connect\" end with \"sudo\", \"-n\", or start "
		"backburn as root where the host is this one",
		facts->uid);
}

/* Whoever only looks and heals must get in: the proof of the revert is taken after a halt, too. */
static int check_halts(
	const struct session *session, const struct hello_params *params, struct fail *fail)
{
	char text[HALT_TEXT_MAX];

	if (params->looks ||
		!halts_engaged(session->config.runtime_dir, session->facts.netns_cookie, text))
		return 0;
	return fail_set(fail, FAIL_REFUSED, "%s", text);
}

static int choose_mode(enum attach_mode asked, enum attach_mode *out, struct fail *fail)
{
	char reason[128];
	bool tcx = host_tcx_present(reason);

	if (asked == ATTACH_TCX && !tcx)
		return fail_set(fail, FAIL_UNSUPPORTED, "tcx was asked for: %s", reason);
	if (asked == ATTACH_AUTO)
		asked = tcx ? ATTACH_TCX : ATTACH_CLSACT;
	*out = asked;
	return 0;
}

static void read_policies(struct session *session)
{
	const struct session_config *config = &session->config;

	policy_load(&session->policies[0], config->policy_file, false);
	if (config->extra_policy)
		policy_load(&session->policies[1], config->extra_policy, true);
	for (size_t i = 0; i < POLICIES; i++) {
		const struct policy_protect *protect = session->policies[i].rules.protect;

		if (!protect)
			continue;
		LIST_EACH(protect->prefixes, const struct prefix, prefix) {
			*(struct prefix *)list_push(&session->exempt, sizeof(*prefix)) = *prefix;
		}
		session->exempt_ports[i] = protect->ports;
	}
}

static void forget_policies(struct session *session)
{
	for (size_t i = 0; i < POLICIES; i++)
		policy_deinit(&session->policies[i]);
	list_free(&session->exempt);
	memset(session->exempt_ports, 0, sizeof(session->exempt_ports));
}

static int lock_namespace(
	struct session *session, const struct hello_params *params, struct fail *fail)
{
	const struct session_config *config = &session->config;
	struct holder holder = {
		.session = params->session,
		.controller = params->controller,
		.pid = session->facts.pid,
		.start_ticks = (int64_t)session->facts.start_ticks,
	};

	return holder_take(
		config->runtime_dir, session->facts.netns_cookie, &holder, &session->lock, fail);
}

static void add_capability(struct list *capabilities, const char *name, bool ok, const char *reason)
{
	struct capability *capability = list_push(capabilities, sizeof(*capability));

	capability->name = must_copy(name);
	capability->ok = ok;
	capability->reason = must_copy(reason);
}

static void say_policies(const struct session *session, struct hello_result *result)
{
	const struct policy *policies = session->policies;

	if (policies[0].state == POLICY_READ)
		result->policy = shape_encode(&policy_shape, &policies[0].rules);
	for (int i = 0; i < 2; i++)
		if (policies[i].state == POLICY_UNUSABLE)
			add_capability(&result->capabilities, "policy", false, policies[i].reason);
}

static int describe(const struct session *session, struct hello_result *result, struct fail *fail)
{
	const struct host_facts *facts = &session->facts;

	if (host_try_capabilities(false, &result->capabilities, fail) < 0 ||
		host_addresses(&result->addresses, fail) < 0)
		return -1;
	say_policies(session, result);
	result->version = CONTRACT_VERSION;
	result->tool = must_copy("backburn-injector " BACKBURN_VERSION);
	result->host = must_copy(facts->host);
	result->kernel = must_copy(facts->kernel);
	result->machine = must_copy(facts->machine);
	result->boot_id = must_copy(facts->boot_id);
	result->netns_cookie = (int64_t)facts->netns_cookie;
	result->pid = facts->pid;
	result->cgroup = session->config.cgroup ? must_copy(session->config.cgroup) : NULL;
	result->attach = must_copy(attach_words[matcher_mode(session->matcher)]);
	return 0;
}

/* What an earlier session left here is undone before this one begins. */
static void heal_leftovers(const struct session *session)
{
	struct list said = {0};
	size_t left = recover_namespace(
		session->config.runtime_dir, &session->facts, session->facts.netns_cookie, &said);

	LIST_EACH(said, char *, line) {
		log_line("%s", *line);
	}
	if (left)
		log_line("%zu effects of earlier sessions could not be undone", left);
	list_free_texts(&said);
}

int verb_hello(struct session *session, void *params, void *result, struct fail *fail)
{
	struct hello_params *hello = params;
	enum attach_mode mode = ATTACH_AUTO;

	FAILPOINT(hello_taken);
	if (check(session, hello, fail) < 0 || choose_mode(hello->attach, &mode, fail) < 0 ||
		host_facts(&session->facts, fail) < 0 || check_root(&session->facts, fail) < 0 ||
		check_halts(session, hello, fail) < 0 || lock_namespace(session, hello, fail) < 0)
		return -1;
	FAILPOINT(namespace_locked);
	heal_leftovers(session);
	FAILPOINT(leftovers_healed);
	read_policies(session);
	session->matcher = matcher_new(mode, &session->exempt, session->exempt_ports);
	session->guardian = (struct guardian_keep){
		.runtime_dir = session->config.runtime_dir, .pid = session->facts.pid};
	if (describe(session, result, fail) < 0) {
		/* Another hello may follow, and begins afresh. */
		matcher_free(session->matcher);
		session->matcher = NULL;
		forget_policies(session);
		holder_release(
			session->config.runtime_dir, session->facts.netns_cookie, session->lock);
		session->lock = -1;
		return -1;
	}
	session->name = must_copy(hello->session);
	session->controller = must_copy(hello->controller);
	session->looks = hello->looks;
	session->lease_ns = hello->lease_ns;
	session_lease(session, host_now_ns() + hello->lease_ns);
	session->greeted = true;
	FAILPOINT(hello_done);
	return 0;
}

int verb_ping(struct session *session, void *params, void *result, struct fail *fail)
{
	struct ping_result *ping = result;

	(void)session;
	(void)params;
	(void)fail;
	ping->monotonic_ns = host_now_ns();
	return 0;
}

int verb_renew(struct session *session, void *params, void *result, struct fail *fail)
{
	const struct renew_params *renew = params;
	struct renew_result *until = result;

	(void)fail;
	session->lease_ns = renew->lease_ns;
	session_lease(session, host_now_ns() + renew->lease_ns);
	matcher_owners_changed(session->matcher);
	until->until_ns = session->lease_until_ns;
	FAILPOINT(renewed);
	return 0;
}
