/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_SESSION_H
#define BACKBURN_INJECTOR_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "contract/fail.h"
#include "contract/shape.h"
#include "injector/host.h"
#include "injector/lifecycle.h"
#include "injector/mechanisms/guardians.h"
#include "injector/outbox.h"
#include "injector/plan.h"
#include "injector/policy.h"

struct fault_ops;
struct parked_order;
struct verb;
struct ledger;
struct matcher;

#define RUNTIME_DIR "/run/backburn"

/*
 * One controller's session: lines in, lines out, time as it passes. It knows no descriptors and
 * no event loop; session_loop.c gives it both, and unit tests call it directly.
 *
 * The order of things: session_new, session_line and session_tick as often as needed,
 * session_end (heals everything), session_free.
 *
 * What the kernel can't end by itself is handed to the guardian (mechanisms/guardians.h), which
 * ends it when this process is killed or stopped. It is started with the first fault that needs it,
 * and dismissed at the end.
 */
struct session_config {
	const char *runtime_dir;
	const char *state_dir;
	const char *policy_file;  /* POLICY_PATH; may be absent */
	const char *extra_policy; /* --policy, or NULL; must exist */
	const char *cgroup;       /* --cgroup, or NULL */
};

struct session_fault {
	struct fault_order order;
	const struct fault_ops *ops;
	void *with; /* decoded parameters */
	struct plan plan;
	enum fault_state state;
	int64_t healed_ns;
	struct list changes; /* of struct fault_change */
	struct list hosts;   /* of struct named_host *: that its endpoints name */
};

/* What is to be answered. */
struct request {
	uint64_t id;
	const struct verb *verb;
};

struct session {
	struct session_config config;
	struct outbox out;
	struct policy policies[POLICIES]; /* all must allow */
	bool greeted;
	bool looks;  /* it arms nothing, and no halt is its business */
	bool halted; /* it has healed for a halt, and said so */
	char *name, *controller;
	struct host_facts facts;
	int lock; /* of this network namespace; -1 before hello */
	struct ledger *ledger;
	struct matcher *matcher;
	struct guardian_keep guardian;
	struct list exempt;                     /* of struct prefix: what the policies protect */
	struct port_set exempt_ports[POLICIES]; /* local ports never hit, of each policy */
	int64_t lease_ns, lease_until_ns;
	int64_t evidence_ns;          /* when evidence was last looked at */
	char *last_evidence;          /* what was said last, without its time */
	bool owes_evidence;           /* something happened, and there was no room yet */
	struct list faults;           /* of struct session_fault * */
	struct list sets;             /* of struct peer_set *: named by faults */
	struct request answering;     /* while a verb is at work */
	struct list parked;           /* of struct parked_order *: they wait for host names */
	struct parked_order *resumed; /* while the one whose names are known is carried out */
	struct list audit_state, audit_residue; /* of char *: the snapshot being paged out */
	bool audited;
};

struct session *session_new(const struct session_config *config);
void session_free(struct session *session);

/* One line from the controller; the reply goes to `out`. */
void session_line(struct session *session, const char *line, size_t length);

/*
 * Starts what the kernel does not start by itself, heals what is past its deadline, and says
 * evidence when it is time. False: the lease is lost, and the session must end.
 */
bool session_tick(struct session *session, int64_t now_ns);

/* The instant at which session_tick() next has something to do. */
int64_t session_next_ns(const struct session *session, int64_t now_ns);

/* A lookup of a host name may have got on. */
void session_names_came(struct session *session, int64_t now_ns);

/*
 * Looks for a halt. When one is engaged everything is healed, once, and the controller is told.
 * True while one is.
 */
bool session_look_at_halts(struct session *session);

/* The links of this namespace changed. */
void session_links_changed(struct session *session);

/* Heals everything and gives back lock and ledger. -1: something is left, `fail` says what. */
int session_end(struct session *session, struct fail *fail);

/* True while a fault is armed or active. */
bool session_is_armed(const struct session *session);

/* ---- for the verbs (verb_*.c) ---- */

/* FAIL_REFUSED while a halt is engaged; FAIL_USAGE for a session that only looks. */
int session_check_halts(struct session *session, struct fail *fail);

struct session_fault *session_find(const struct session *session, const char *id);
/* Checks scope, kind, parameters and policy, and plans. The order is taken over in any case. */
int session_plan(struct session *session, struct fault_order *order, struct session_fault **out,
	struct fail *fail);
/* The same for a fault whose order is in its place; what is planned must be freed in any case. */
int session_plan_again(struct session *session, struct session_fault *fault, struct fail *fail);
void session_fault_free(struct session_fault *fault);
/* Takes the fault over: it stands among the session's if it is armed, or has still to be healed. */
int session_arm(struct session *session, struct session_fault *fault, struct fail *fail);
/*
 * Other values for some of its parameters, which must be live ones; `with` is taken over on
 * success. ARMED and ACTIVE only. On failure all is as it was; or the fault is healed, as `fail`
 * says.
 */
int session_change(
	struct session *session, struct session_fault *fault, cJSON **with, struct fail *fail);
/*
 * `grown` takes the place of `prefixes`, which endpoints of faults borrow: what acts hits them at
 * once. On failure all is as before, `grown` still the caller's; or, when there is no way back,
 * those faults are healed, as `fail` says.
 */
int session_grow(struct session *session, struct list *prefixes, const struct list *grown,
	struct fail *fail);

/*
 * VERB_LATER: the order names hosts; it is taken over, and its verb is called again with it when
 * they are known. 0: nothing is to be waited for.
 */
int session_park(struct session *session, struct fault_order *order, struct fail *fail);
/* The hosts of the order that was waited for; nothing when it was not. */
void session_take_hosts(struct session *session, struct list *out);
/* Orders with these ids (char *; none: all) are refused instead of being waited for. */
void session_refuse_parked(struct session *session, const struct list *ids);
void session_forget_parked(struct session *session);
void session_look_at_names(struct session *session, int64_t now_ns);
/* The instant at which names must be looked at; INT64_MAX: none. */
int64_t session_names_next_ns(const struct session *session, int64_t now_ns);
void session_hosts_evidence(const struct session_fault *fault, struct list *out);
/* Calls the request's verb and answers; or says why that can't be (`why`). */
void session_answer_later(struct session *session, const struct request *request, void *params,
	const struct fail *why);

/* Its start has come: ARMED → ACTIVE. */
void session_start(struct session *session, struct session_fault *fault);
/* ACTIVE: does what is due now. True: there is something new to be said. */
bool session_go_on(struct session *session, struct session_fault *fault, int64_t now_ns);
/* It has done all that it was to do. */
bool session_fault_is_over(const struct session_fault *fault);
int session_heal(struct session *session, struct session_fault *fault, struct fail *fail);
/* Another end of the lease, for whatever compares it beside this process. */
void session_lease(struct session *session, int64_t until_ns);
/* Everything that is not healed; goes on past failures and reports the first. */
int session_heal_all(struct session *session, struct fail *fail);
/* `of`: ids (char *); empty: all faults. */
void session_evidence(
	struct session *session, const struct list *of, int64_t now_ns, struct evidence *out);

#endif
