/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/injector/torture.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/units.h"
#include "injector/lane/lane.h"
#include "injector/session.h"
#include "tests/unit/injector/host_fake.h"
#include "tests/unit/injector/kills.h"
#include "tests/unit/injector/talk.h"

/* One address for each way in which the prefixes below can overlap. */
static const char *const addresses[] = {
	"10.0.0.2", "10.0.0.3", "10.0.0.200", "192.168.1.1", "fd00::2", "fd00::9", "2001:db8::1"};
enum {
	ADDRESSES = sizeof(addresses) / sizeof(addresses[0]),
	PROTECTED = 1, /* by the policy of every other play */
	DATABASES = 4
};

/* A host that has two of them. */
#define NAME "two.example"
#define NAMED (1u << 2 | 1u << 4)

static const struct {
	const char *text;
	unsigned int covers; /* bit per address */
} peers[] = {
	{"10.0.0.2", 1 << 0},
	{"10.0.0.3", 1 << 1},
	{"10.0.0.0/25", 1 << 0 | 1 << 1},
	{"10.0.0.0/24", 1 << 0 | 1 << 1 | 1 << 2},
	{"0.0.0.0/0", 1 << 0 | 1 << 1 | 1 << 2 | 1 << 3},
	{"fd00::2", 1 << 4},
	{"fd00::/64", 1 << 4 | 1 << 5},
	{"::/0", 1 << 4 | 1 << 5 | 1 << 6},
};
enum {
	PEERS = sizeof(peers) / sizeof(peers[0])
};

/* ---- chance ---- */

static uint32_t draw(struct play *play, uint32_t below)
{
	play->random ^= play->random << 13;
	play->random ^= play->random >> 17;
	play->random ^= play->random << 5;
	return play->random % below;
}

/* What is done to packets, and by which ways. */
static const struct {
	const char *fault, *with;
	/* What can be changed of it, or NULL; and what stands around a number from 100 to 999. */
	const char *live, *before, *after;
} kinds[] = {
	{"partition", "{}", NULL, NULL, NULL},
	{"partition", "{\"direction\":\"in\"}", NULL, NULL, NULL},
	{"partition", "{\"direction\":\"out\"}", NULL, NULL, NULL},
	{"partition", "{\"ports\":[80,\"90-99\"]}", NULL, NULL, NULL},
	{"mtu", "{\"bytes\":1200,\"protocol\":\"udp\"}", "bytes", "", ""},
	{"loss", "{\"ratio\":0.1}", "ratio", "0.", ""},
	{"loss", "{\"ratio\":0.1,\"cgroup\":\"/apps/db\"}", "ratio", "0.", ""},
	{"loss", "{\"type\":\"gilbert_elliott\",\"to_bad\":0.1,\"to_good\":0.2}", NULL, NULL, NULL},
	{"corrupt", "{\"ratio\":0.1}", "ratio", "0.", ""},
	{"duplicate", "{\"ratio\":0.1,\"direction\":\"in\"}", NULL, NULL, NULL},
	{"delay", "{\"delay\":\"20ms\"}", "delay", "\"", "ms\""},
	{"delay", "{\"delay\":\"20ms\",\"lane\":\"tap\"}", "delay", "\"", "ms\""},
	{"delay", "{\"delay\":\"20ms\",\"lane\":\"netem\"}", "delay", "\"", "ms\""},
	{"reorder", "{\"ratio\":0.1}", NULL, NULL, NULL},
	{"rate", "{\"bandwidth\":\"1Mbit\"}", NULL, NULL, NULL},
	{"rate", "{\"bandwidth\":\"1Mbit\",\"lane\":\"netem\"}", NULL, NULL, NULL},
};
enum {
	KINDS = sizeof(kinds) / sizeof(kinds[0])
};

/* ---- the model ---- */

static const struct play_fault *fault_of(const struct play *play, const struct bb_slot *slot)
{
	for (int i = 0; i < play->tried; i++)
		if ((uint64_t)play->faults[i].deadline_ns == slot->deadline_ns)
			return &play->faults[i];
	return NULL;
}

static bool is_covered(const struct play *play, const struct play_fault *fault, int address)
{
	unsigned int covers = fault->covers | (fault->by_set ? play->set : 0);

	return covers & 1u << address && !(play->has_policy && address == PROTECTED);
}

static bool is_link(uint32_t ifindex)
{
	LIST_EACH(fake.links, const struct host_link, link) {
		if ((uint32_t)link->ifindex == ifindex)
			return true;
	}
	return false;
}

static bool ends_at(int ifindex)
{
	LIST_EACH(fake.lane_ends, const int, end) {
		if (*end == ifindex)
			return true;
	}
	return false;
}

/* Where its packets go there is a link, and one that they come out of. */
static void check_way(const struct play *play, int number)
{
	const struct bb_slot *slot = &fake.control.slots[number];
	int wire = fake_link_named("bb-wire"), wire_end = fake_link_named("bb-wire-x");

	switch ((enum bb_action)slot->action) {
	case BB_DROP:
	case BB_SHORTEN:
		return;
	case BB_LOSE:
	case BB_CORRUPT:
	case BB_DUPLICATE:
		if (!wire || fake.control.wire != (uint32_t)wire || !ends_at(wire_end))
			fail_msg("%s: slot %d has no wire", play->scene, number);
		return;
	case BB_HOLD:
		/* Without its keeper packets pass by. */
		if (slot->by_keeper && !fake.keeper)
			return;
		if (slot->by_keeper &&
			(slot->lane != (uint32_t)fake.keeper || !ends_at(fake.keeper) ||
				!fake_keeper_memory()->lanes[number - BB_LANE_FIRST].active))
			fail_msg("%s: slot %d is not kept", play->scene, number);
		if (!slot->by_keeper && !is_link(slot->lane))
			fail_msg("%s: slot %d has no lane", play->scene, number);
		return;
	}
}

/* What was changed last is what is in force. */
static void check_value(const struct play *play, const struct play_fault *fault, int number)
{
	const struct bb_slot *slot = &fake.control.slots[number];
	const struct lane *lane;
	int64_t value;

	if (!fault->value)
		return;
	switch ((enum bb_action)slot->action) {
	case BB_SHORTEN:
		value = slot->mtu[slot->current];
		break;
	case BB_LOSE:
	case BB_CORRUPT:
		value = (int64_t)((double)slot->chance[slot->current].hit[0] / 4294967296.0 * 1000 +
			0.5);
		break;
	case BB_HOLD:
		if (!fake_keeper_memory())
			return;
		lane = &fake_keeper_memory()->lanes[number - BB_LANE_FIRST];
		value = lane->spec[lane->current].delay_ns / NS_PER_MS;
		break;
	default:
		return;
	}
	if (value != fault->value)
		fail_msg("%s: %s does %d, and was told %d", play->scene, fault->id, (int)value,
			fault->value);
}

static void check_slot(const struct play *play, int slot)
{
	const struct play_fault *fault = fault_of(play, &fake.control.slots[slot]);

	if (!fault || !fault->in_force)
		fail_msg("%s: slot %d acts for %s, which is not in force", play->scene, slot,
			fault ? fault->id : "nobody");
	check_way(play, slot);
	check_value(play, fault, slot);
	for (int i = 0; i < ADDRESSES; i++) {
		bool hit = fake_lookup(addresses[i]) >> slot & 1;

		if (hit != is_covered(play, fault, i))
			fail_msg("%s: %s %s %s", play->scene, fault->id,
				hit ? "hits" : "does not hit", addresses[i]);
	}
}

/* What the kernel would do now is what was ordered, and nothing else. */
static void check(const struct play *play)
{
	int acting = 0, wanted = 0;

	if (fake.dead)
		return;
	for (int slot = 0; slot < BB_SLOTS && fake.loaded; slot++) {
		if (!fake.control.slots[slot].in_use)
			continue;
		check_slot(play, slot);
		acting++;
	}
	for (int i = 0; i < play->tried; i++)
		wanted +=
			play->faults[i].in_force && !play->faults[i].kill && !play->faults[i].clock;
	if (acting != wanted)
		fail_msg("%s: %d of %d faults act", play->scene, acting, wanted);
	/* The connection that carries the session is exempt before anything else is hit. */
	if (acting && fake.flows.count != 1)
		fail_msg("%s: %zu of 1 connection is exempt", play->scene, fake.flows.count);
	for (int i = 0; i < DATABASES; i++)
		assert_true(play->may_signal || !fake_last_signal(100 + i));
	assert_false(fake_last_signal(1) || fake_last_signal(41) || fake_last_signal(42));
}

/* ---- steps ---- */

static void arm_on_packets(struct play *play, struct play_fault *fault)
{
	char from[512] = "";
	size_t kind = draw(play, KINDS);
	cJSON *armed;

	if (play->set && draw(play, 2)) {
		fault->by_set = true;
		snprintf(from, sizeof(from), "{\"node\":\"set\",\"set\":\"s\"}");
	}
	if (draw(play, 3) == 0) {
		size_t used = strlen(from);

		snprintf(from + used, sizeof(from) - used,
			"%s{\"node\":\"h\",\"host\":\"" NAME "\"}", used ? "," : "");
		fault->covers |= NAMED;
	}
	for (int i = (int)draw(play, 3); i >= 0; i--) {
		size_t used = strlen(from), peer = draw(play, PEERS);

		snprintf(from + used, sizeof(from) - used,
			"%s{\"node\":\"n%d\",\"prefixes\":[\"%s\"]}", used ? "," : "", i,
			peers[peer].text);
		fault->covers |= peers[peer].covers;
	}
	armed = talk(play->session, "arm",
		"{\"id\":\"%s\",\"fault\":\"%s\",\"scope\":{},\"role\":\"on\",\"with\":%s,"
		"\"on\":[{\"node\":\"a\",\"prefixes\":[\"10.0.0.1\"]}],\"from\":[%s],"
		"\"start_ns\":\"%" PRId64 "\",\"deadline_ns\":\"%" PRId64 "\"}",
		fault->id, kinds[kind].fault, kinds[kind].with, from, fault->start_ns,
		fault->deadline_ns);
	fault->in_force = armed;
	fault->kind = (int)kind;
	cJSON_Delete(armed);
}

static void arm_kill(struct play *play, struct play_fault *fault)
{
	static const char *const which[] = {"\"exe\":\"/usr/bin/db\"",
		"\"exe\":\"/usr/bin/db\",\"count\":1", "\"cgroup\":\"/apps/db\""};
	static const char *const with[] = {"", "\"every\":\"1s\"", "\"every\":\"1s\",\"times\":2"};
	cJSON *armed = talk(play->session, "arm",
		"{\"id\":\"%s\",\"fault\":\"kill\",\"scope\":{},\"role\":\"on\",\"with\":{%s},"
		"\"on\":[{\"node\":\"a\",\"prefixes\":[]}],\"from\":[],\"processes\":{%s},"
		"\"start_ns\":\"%" PRId64 "\",\"deadline_ns\":\"%" PRId64 "\"}",
		fault->id, with[draw(play, 3)], which[draw(play, 3)], fault->start_ns,
		fault->deadline_ns);

	fault->kill = true;
	fault->in_force = armed;
	cJSON_Delete(armed);
}

/* It acts on no packet: what must hold is that nothing of it is left. */
static void arm_skew(struct play *play, struct play_fault *fault)
{
	/* With a whole cgroup comes a gate, of which this host has one. */
	static const char *const whom[] = {"\"exe\":\"/usr/bin/db\"", "\"cgroup\":\"/apps/db\""};
	cJSON *armed = talk(play->session, "arm",
		"{\"id\":\"%s\",\"fault\":\"clock_skew\",\"scope\":{},\"role\":\"on\","
		"\"with\":{\"offset\":\"+30s\"},\"on\":[{\"node\":\"a\",\"prefixes\":[]}],"
		"\"from\":[],\"processes\":{%s},"
		"\"start_ns\":\"%" PRId64 "\",\"deadline_ns\":\"%" PRId64 "\"}",
		fault->id, whom[!fake.gate && draw(play, 2)], fault->start_ns, fault->deadline_ns);

	fault->clock = true;
	fault->in_force = armed;
	cJSON_Delete(armed);
}

/* Where the policy names it; the guardian steps the clock when its start comes. */
static void arm_step(struct play *play, struct play_fault *fault)
{
	cJSON *armed = talk(play->session, "arm",
		"{\"id\":\"%s\",\"fault\":\"clock_step\",\"scope\":{},\"role\":\"on\","
		"\"with\":{\"offset\":\"+30s\"},\"on\":[{\"node\":\"a\",\"prefixes\":[]}],"
		"\"from\":[],\"start_ns\":\"%" PRId64 "\",\"deadline_ns\":\"%" PRId64 "\"}",
		fault->id, fault->start_ns, fault->deadline_ns);

	fault->clock = true;
	fault->in_force = armed;
	cJSON_Delete(armed);
}

static void arm_next(struct play *play)
{
	struct play_fault *fault = &play->faults[play->tried++];
	uint32_t kind;

	snprintf(fault->id, sizeof(fault->id), "f%u", (unsigned char)play->tried);
	fault->start_ns = fake.now_ns + (int64_t)draw(play, 3) * NS_PER_SEC;
	/* The nanosecond tells the faults apart, in the kernel's slots too. */
	fault->deadline_ns = fake.now_ns + 100 * NS_PER_SEC + play->tried;
	kind = draw(play, 8);
	if (kind < 2)
		arm_kill(play, fault);
	else if (kind == 2 && play->has_policy)
		arm_step(play, fault);
	else if (kind == 2)
		arm_skew(play, fault);
	else
		arm_on_packets(play, fault);
}

/* Whether it succeeds or not, the fault does not act from here on. */
static void heal_one(struct play *play)
{
	struct play_fault *fault = &play->faults[draw(play, (uint32_t)play->tried)];

	fault->in_force = false;
	cJSON_Delete(talk(play->session, "heal", "{\"faults\":[\"%s\"]}", fault->id));
}

static bool tick(struct play *play, int64_t later_ns)
{
	cJSON *said;
	bool alive;

	fake.now_ns += later_ns;
	for (int i = 0; i < play->tried; i++) {
		struct play_fault *fault = &play->faults[i];
		bool starts = fault->kill && fake.now_ns >= fault->start_ns;

		if (fault->in_force && starts)
			play->may_signal = true;
		if (starts || fake.now_ns >= fault->deadline_ns)
			fault->in_force = false;
	}
	alive = session_tick(play->session, fake.now_ns);
	while ((said = talk_notification(play->session)))
		cJSON_Delete(said);
	return alive;
}

/* Counters never shrink, whatever comes and goes around them. */
static void look_at_evidence(struct play *play)
{
	cJSON *evidence = talk(play->session, "evidence", "{}"), *fault, *counter;

	cJSON_ArrayForEach(fault, cJSON_GetObjectItem(evidence, "faults")) {
		const char *id = cJSON_GetObjectItem(fault, "id")->valuestring;
		struct play_fault *known = &play->faults[atoi(id + 1) - 1];
		int64_t packets = 0;

		cJSON_ArrayForEach(counter, cJSON_GetObjectItem(fault, "counters")) {
			packets += atoll(cJSON_GetObjectItem(counter, "packets")->valuestring);
		}
		if (packets < known->packets && !fake.dead)
			fail_msg("%s: %s hit %d packets, and before that %d", play->scene, id,
				(int)packets, (int)known->packets);
		known->packets = packets;
	}
	cJSON_Delete(evidence);
}

static void change_links(struct play *play)
{
	enum {
		LATE_LINK = 9
	};

	if (draw(play, 2)) {
		fake_remove_link(LATE_LINK);
		fake_add_link(LATE_LINK, "late0");
	} else {
		fake_remove_link(LATE_LINK);
	}
	session_links_changed(play->session);
}

static bool acts(const struct play *play, const struct play_fault *fault)
{
	for (int slot = 0; slot < BB_SLOTS && fake.loaded; slot++)
		if (fake.control.slots[slot].in_use &&
			fault_of(play, &fake.control.slots[slot]) == fault)
			return true;
	return false;
}

/* Faults that use it hit what is added, or nothing of it; or they are healed, if it fails. */
static void grow_set(struct play *play)
{
	size_t peer = draw(play, PEERS);
	cJSON *grown = talk(
		play->session, "peers", "{\"set\":\"s\",\"prefixes\":[\"%s\"]}", peers[peer].text);

	if (grown)
		play->set |= peers[peer].covers;
	for (int i = 0; i < play->tried && !grown; i++)
		if (play->faults[i].by_set && play->faults[i].in_force)
			play->faults[i].in_force = acts(play, &play->faults[i]);
	cJSON_Delete(grown);
}

/* It does as the one order says, or as the other; or it is healed, if it fails. */
static void change_one(struct play *play)
{
	struct play_fault *fault = &play->faults[draw(play, (uint32_t)play->tried)];
	int value = (int)draw(play, 900) + 100;
	cJSON *changed;
	char with[64];

	if (fault->kill || fault->clock || !kinds[fault->kind].live)
		return;
	snprintf(with, sizeof(with), "{\"%s\":%s%d%s}", kinds[fault->kind].live,
		kinds[fault->kind].before, value, kinds[fault->kind].after);
	changed = talk(play->session, "update", "{\"fault\":\"%s\",\"with\":%s}", fault->id, with);
	if (changed)
		fault->value = value;
	else if (fault->in_force)
		fault->in_force = acts(play, fault);
	cJSON_Delete(changed);
}

static void step(struct play *play)
{
	fake_keeper_looks();
	fake_guardian_looks();
	switch (draw(play, 12)) {
	case 0:
		tick(play, (int64_t)draw(play, 700) * NS_PER_MS);
		break;
	case 1:
		change_links(play);
		break;
	case 2:
		if (play->tried)
			heal_one(play);
		break;
	case 3:
		for (int slot = 0; slot < BB_SLOTS; slot++)
			fake_hit("10.0.0.0/24", slot, (enum bb_direction)draw(play, BB_DIRECTIONS));
		look_at_evidence(play);
		break;
	case 4:
		if (draw(play, 2) && !fake.dead)
			fake_end_keeper();
		break;
	case 5:
		grow_set(play);
		break;
	case 6:
		if (play->tried)
			change_one(play);
		break;
	case 7:
		fake_exec(100 + (int)draw(play, DATABASES));
		tick(play, NS_PER_MS);
		break;
	default:
		if (play->tried < play->depth)
			arm_next(play);
	}
	check(play);
}

/* ---- the whole ---- */

void play_set(const struct play *play)
{
	fake_reset();
	kill_databases();
	fake_name(NAME, "10.0.0.200 fd00::2");
	fake_add_foreign(3, BB_INGRESS, 1);
	fake_add_foreign(2, BB_EGRESS, 0);
	if (play->seed % 2)
		fake_write(POLICY_FILE,
			"{\"backburn_policy\":1,\"faults\":{\"allow\":[\"partition\",\"mtu\","
			"\"loss\",\"corrupt\",\"duplicate\",\"delay\",\"reorder\",\"rate\","
			"\"kill\",\"clock_skew\",\"clock_step\"]},"
			"\"protect\":{\"prefixes\":[\"10.0.0.3/32\"]}}");
	fake_write("/proc/self/net/tcp",
		"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   "
		"uid\n"
		"   0: 0100000A:0016 0200000A:C350 01 00000000:00000000 00:00000000 00000000     0"
		"        0 5555 1 0\n");
}

void play_perform(struct play *play)
{
	const char *mode = play->clsact ? "clsact" : "tcx";

	play->random = play->seed * 2654435761u + 2;
	play->has_policy = play->seed % 2;
	play->may_signal = false;
	play->tried = 0;
	play->set = 0;
	memset(play->faults, 0, sizeof(play->faults));
	play->session = talk_greeted(mode);
	/* A hello that failed may be said again. */
	if (!play->session)
		play->session = talk_greeted(mode);
	if (!play->session)
		return;
	cJSON_Delete(talk(play->session, "renew", "{\"lease\":\"200s\"}"));
	while (play->tried < play->depth)
		step(play);
	for (int i = (int)draw(play, (uint32_t)play->depth * 2); i > 0; i--)
		step(play);
}

static void nothing_acts(struct play *play)
{
	for (int i = 0; i < play->tried; i++)
		play->faults[i].in_force = false;
	check(play);
}

int play_end(struct play *play)
{
	struct fail fail = FAIL_INIT;
	int result;

	switch (play->ending) {
	case ENDING_HEAL:
		cJSON_Delete(talk(play->session, "heal", "{}"));
		nothing_acts(play);
		break;
	case ENDING_DEADLINE:
		tick(play, 101 * NS_PER_SEC);
		nothing_acts(play);
		/* What could not be healed is tried again. */
		tick(play, NS_PER_SEC);
		break;
	case ENDING_LEASE:
		assert_false(tick(play, 201 * NS_PER_SEC));
		break;
	default:
		break;
	}
	result = session_end(play->session, &fail);
	nothing_acts(play);
	assert_true(result == 0 || *fail.text);
	return result;
}
