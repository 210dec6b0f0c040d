/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_EFFECTS_H
#define BACKBURN_INJECTOR_EFFECTS_H

#include <stdbool.h>
#include <stdint.h>

#include "contract/fail.h"
#include "contract/shape.h"

struct arm_result;
struct effect;
struct fault_evidence;
struct session;
struct target_guard;

/* What a session does with an effect of a plan, whatever its kind: one table row for each. */

/*
 * Everything slow, up to the point where only its start is awaited. On failure what was begun is
 * undone by effect_undo().
 */
int effect_arm(struct session *session, struct effect *effect, struct fail *fail);
/* Its start has come, for kinds that no kernel starts by itself. */
void effect_start(struct session *session, struct effect *effect);
/* What it does while it is active, when it is time to. True: there is something new to be said. */
bool effect_go_on(struct session *session, struct effect *effect, int64_t now_ns);
/* It has done all that it was to do, and may be healed before its deadline. */
bool effect_is_over(const struct effect *effect);
/*
 * Goes over to what `wanted`, of the same kind, says: as a whole, or not at all. But it is unknown
 * what it does now when `*out_torn` comes back true beside a failure.
 */
int effect_change(struct session *session, struct effect *effect, const struct effect *wanted,
	bool *out_torn, struct fail *fail);
/* The session's lease has become another: for kinds that compare it themselves. */
void effect_lease(struct effect *effect, int64_t until_ns);
/* Before the start: disarms. Safe for one that was never armed. */
int effect_undo(struct session *session, struct effect *effect, struct fail *fail);
/* Adds what is known of it. */
void effect_evidence(
	const struct session *session, const struct effect *effect, struct fault_evidence *out);
/* It has hit what its order does not name. */
bool effect_spills(const struct session *session, const struct effect *effect);
/* Looks for what happens after it is healed. True: there is something new to be said. */
bool effect_watch(struct session *session, struct effect *effect, int64_t now_ns);
/* The instant of the next look; INT64_MAX: nothing is awaited. */
int64_t effect_next_ns(const struct effect *effect);
/* What carries it, and where. */
void effect_carrier(
	const struct session *session, const struct effect *effect, struct arm_result *out);

/* Who may be hit here; borrows from the session. */
struct target_guard session_guard(const struct session *session);

#endif
