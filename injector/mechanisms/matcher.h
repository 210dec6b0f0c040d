/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_MATCHER_H
#define BACKBURN_INJECTOR_MATCHER_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/matcher.h"
#include "contract/address.h"
#include "contract/fail.h"
#include "contract/shape.h"
#include "contract/verbs.h"

struct ledger;
struct lane_order;

/*
 * The packet matcher: drops what its rules name, or does to it what else they say. It is loaded and
 * attached with the first rule and gone with the last. Each rule has a slot of the kernel's page;
 * healing one is one write to its slot and touches no other.
 */
struct matcher;

struct match_rule {
	unsigned int directions; /* bit per enum bb_direction */
	uint8_t protocol;        /* IPPROTO_…, 0: any; IPPROTO_ICMP includes ICMPv6 */
	struct port_set ports;   /* none: any port, and packets without ports */
	uint8_t connections;     /* enum bb_connections */
	const char *cgroup; /* of its sockets only; NULL: of all. Borrowed for the rule's life */
	const struct list *peers; /* of struct endpoint; borrowed for the rule's life */
	int64_t start_ns, deadline_ns;
	int64_t flap_on_ns, flap_period_ns; /* acts in the first part of each period; 0: always */
	enum bb_action action;
	uint32_t mtu;                  /* BB_SHORTEN */
	bool answer;                   /* BB_SHORTEN: the sender is told */
	bool fix_checksum;             /* BB_CORRUPT */
	struct bb_chance chance;       /* BB_LOSE, BB_CORRUPT, BB_DUPLICATE */
	const struct lane_order *hold; /* BB_HOLD; borrowed for the rule's life */
};

/*
 * `exempt`: list of struct prefix; `ports`: local ports never hit, POLICIES sets of them; both
 * borrowed.
 */
struct matcher *matcher_new(
	enum attach_mode mode, const struct list *exempt, const struct port_set *ports);
/* Frees memory only: heal first. */
void matcher_free(struct matcher *matcher);

/* The lease, for what is armed and what will be. */
void matcher_lease(struct matcher *matcher, int64_t until_ns);

/*
 * Connections (struct bb_flow) that no rule may hit, instead of those named before: in force with
 * the next rule that is armed, for all of them.
 */
void matcher_protect(struct matcher *matcher, const struct list *flows);

/*
 * Loads and attaches what is missing, then makes the rule live, as the last step. On failure
 * everything is as before, but for what `fail` says could not be undone. `ledger` must be open
 * until the matcher is idle.
 */
struct matcher_rule;
int matcher_arm(struct matcher *matcher, const struct match_rule *spec, struct ledger *ledger,
	struct matcher_rule **out, struct fail *fail);

/*
 * Ends the rule: at once in the kernel, then in the tables. Its counters keep their last values.
 * With the last rule everything is detached and unloaded; when that fails, matcher_settle() is
 * the way to try again.
 */
int matcher_heal(struct matcher *matcher, struct matcher_rule *rule, struct fail *fail);
/* Detaches and unloads when no rule is left; does nothing otherwise. Safe to repeat. */
int matcher_settle(struct matcher *matcher, struct fail *fail);
void matcher_rule_free(struct matcher_rule *rule);

/* Peers may come to be many: the maps that are loaded from here on have room for them. */
void matcher_expect_sets(struct matcher *matcher);
/*
 * What endpoints of live rules name has changed: brings the maps to it, without touching what
 * stays. On failure the caller puts back what was named before and calls again; until that has
 * succeeded any mixture of both may be hit.
 */
int matcher_peers_changed(struct matcher *matcher, struct fail *fail);

/*
 * From here on the rule does as `spec` says, which differs in `mtu`, `chance` or `hold` only, and
 * it begins to count anew; what was counted before is told beside it. One store in the kernel's
 * page, or one order to the keeper, which has taken it when this returns. On failure nothing has
 * changed; but `*out_torn` comes back true when it is unknown what the rule does now.
 */
int matcher_change(struct matcher *matcher, struct matcher_rule *rule,
	const struct match_rule *spec, bool *out_torn, struct fail *fail);

/* One struct counter per peer and direction of the rule; `peer` texts are owned copies. */
void matcher_count(
	const struct matcher *matcher, const struct matcher_rule *rule, struct list *counters);
/*
 * Who was hit, by the addresses that packets had: adds to `touched`, `touched_more` and `untold`.
 * What no endpoint of the rule names, or what is exempt, is spill: a defect of ours.
 */
void matcher_touched(
	const struct matcher *matcher, struct matcher_rule *rule, struct fault_evidence *out);
bool matcher_spills(const struct matcher *matcher, struct matcher_rule *rule);
/* What was asked beside what was done, as struct measure; each of a rule's changes for itself. */
void matcher_measure(
	const struct matcher *matcher, const struct matcher_rule *rule, struct list *measures);

/*
 * A cgroup that was removed and made anew – its service was started again – is another one to the
 * kernel: rules go on with the one that is there now.
 */
void matcher_owners_changed(struct matcher *matcher);

/* Links came or went: covers the new ones. Does nothing while nothing is armed. */
int matcher_links_changed(struct matcher *matcher, struct fail *fail);

bool matcher_is_idle(const struct matcher *matcher);
enum attach_mode matcher_mode(const struct matcher *matcher);
void matcher_links(const struct matcher *matcher, struct list *names);

#endif
