/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/list.h"
#include "contract/verbs.h"
#include "injector/lists.h"
#include "injector/mechanisms/match_table.h"

/* Rules in, tables out; looked up as the kernel does. */

struct rules {
	struct list sources; /* of struct match_source */
	struct list exempt;  /* of struct prefix */
	struct list peers[4];
};

static struct prefix parse(const char *text)
{
	struct fail fail = FAIL_INIT;
	struct prefix prefix;

	assert_int_equal(prefix_parse(text, &prefix, &fail), 0);
	return prefix;
}

/* A fault in `slot`; each text is one endpoint with one prefix. NULL ends. */
static void add_rule(struct rules *rules, int slot, ...)
{
	struct match_source *source = list_push(&rules->sources, sizeof(*source));
	const char *text;
	va_list args;

	va_start(args, slot);
	while ((text = va_arg(args, const char *))) {
		struct endpoint *peer = list_push(&rules->peers[slot], sizeof(*peer));

		*(struct prefix *)list_push(&peer->prefixes, sizeof(struct prefix)) = parse(text);
	}
	va_end(args);
	*source = (struct match_source){.slot = slot, .peers = &rules->peers[slot]};
}

static void free_rules(struct rules *rules)
{
	for (int i = 0; i < 4; i++) {
		LIST_EACH(rules->peers[i], struct endpoint, peer) {
			list_free(&peer->prefixes);
		}
		list_free(&rules->peers[i]);
	}
	list_free(&rules->sources);
	list_free(&rules->exempt);
}

static bool bits_equal(const uint8_t *a, const uint8_t *b, int bits)
{
	for (int i = 0; i < bits; i++)
		if ((a[i / 8] ^ b[i / 8]) & (0x80 >> i % 8))
			return false;
	return true;
}

/* The longest entry, families not told apart: what the kernel's trie finds. */
static const struct match_entry *look_up(const struct match_table *table, const char *address)
{
	const struct match_entry *best = NULL;
	struct prefix wanted = parse(address);

	LIST_EACH(table->entries, const struct match_entry, entry) {
		if (bits_equal(entry->prefix.address, wanted.address, entry->prefix.length) &&
			(!best || entry->prefix.length > best->prefix.length))
			best = entry;
	}
	return best;
}

static uint64_t slots_of(const struct match_table *table, const char *address)
{
	const struct match_entry *entry = look_up(table, address);

	return entry ? entry->slots : 0;
}

static void a_longer_entry_carries_the_shorter_ones_bits(void **state)
{
	struct match_table table;
	struct rules rules = {0};

	(void)state;
	add_rule(&rules, 0, "10.0.0.5", "10.0.0.6", NULL);
	add_rule(&rules, 1, "10.0.0.0/24", NULL);
	add_rule(&rules, 2, "10.0.0.0/8", NULL);
	match_table_build(&table, &rules.sources, &rules.exempt, NULL);
	assert_int_equal(slots_of(&table, "10.0.0.5"), 7);
	assert_int_equal(slots_of(&table, "10.0.0.7"), 6);
	assert_int_equal(slots_of(&table, "10.9.9.9"), 4);
	assert_int_equal(slots_of(&table, "11.0.0.5"), 0);
	assert_int_equal(slots_of(&table, "fd00::1"), 0);
	assert_int_equal(table.addresses, 2);
	assert_int_equal(table.broad, 2);
	match_table_deinit(&table);
	free_rules(&rules);
}

static void each_count_names_the_nearest_endpoint(void **state)
{
	const struct match_entry *entry;
	struct match_table table;
	struct rules rules = {0};

	(void)state;
	add_rule(&rules, 3, "10.0.0.0/8", "10.1.0.0/16", "10.1.1.1", NULL);
	match_table_build(&table, &rules.sources, &rules.exempt, NULL);
	for (uint32_t endpoint = 0; endpoint < 3; endpoint++) {
		static const char *const addresses[] = {"10.2.0.1", "10.1.2.1", "10.1.1.1"};

		entry = look_up(&table, addresses[endpoint]);
		assert_non_null(entry);
		assert_int_equal(match_table_count(&table, 3, entry->peer)->endpoint, endpoint);
	}
	assert_null(match_table_count(&table, 2, 1));
	match_table_deinit(&table);
	free_rules(&rules);
}

static void everything_ipv6_does_not_mean_ipv4(void **state)
{
	struct match_table table;
	struct rules rules = {0};

	(void)state;
	add_rule(&rules, 0, "::/0", NULL);
	match_table_build(&table, &rules.sources, &rules.exempt, NULL);
	assert_int_equal(slots_of(&table, "fd00::1"), 1);
	assert_int_equal(slots_of(&table, "10.0.0.1"), 0);
	match_table_deinit(&table);
	add_rule(&rules, 1, "0.0.0.0/0", NULL);
	match_table_build(&table, &rules.sources, &rules.exempt, NULL);
	assert_int_equal(slots_of(&table, "fd00::1"), 1);
	assert_int_equal(slots_of(&table, "10.0.0.1"), 2);
	match_table_deinit(&table);
	free_rules(&rules);
}

static void exemptions_are_holes(void **state)
{
	struct match_table table;
	struct rules rules = {0};

	(void)state;
	*(struct prefix *)list_push(&rules.exempt, sizeof(struct prefix)) = parse("10.0.1.0/24");
	*(struct prefix *)list_push(&rules.exempt, sizeof(struct prefix)) = parse("10.0.2.7");
	add_rule(&rules, 0, "10.0.0.0/8", NULL);
	match_table_build(&table, &rules.sources, &rules.exempt, NULL);
	assert_int_equal(slots_of(&table, "10.0.1.1"), 0);
	assert_non_null(look_up(&table, "10.0.1.1"));
	assert_int_equal(slots_of(&table, "10.0.2.7"), 0);
	assert_int_equal(slots_of(&table, "10.0.2.8"), 1);
	assert_int_equal(table.counts.count, 1);
	match_table_deinit(&table);
	free_rules(&rules);
}

static void numbers_stay_with_their_prefix(void **state)
{
	struct match_table first, second;
	struct rules rules = {0};
	uint32_t peer;

	(void)state;
	add_rule(&rules, 0, "10.0.0.5", NULL);
	match_table_build(&first, &rules.sources, &rules.exempt, NULL);
	peer = look_up(&first, "10.0.0.5")->peer;
	add_rule(&rules, 1, "10.0.0.4", "10.0.0.0/8", NULL);
	match_table_build(&second, &rules.sources, &rules.exempt, &first);
	assert_int_equal(look_up(&second, "10.0.0.5")->peer, peer);
	assert_int_not_equal(look_up(&second, "10.0.0.4")->peer, peer);
	assert_int_not_equal(look_up(&second, "10.9.9.9")->peer, peer);
	match_table_deinit(&first);
	match_table_deinit(&second);
	free_rules(&rules);
}

/* Random rules against a lookup that knows nothing of tables. */
static void any_set_of_rules_gives_what_it_says(void **state)
{
	(void)state;
	srand(1);
	for (int round = 0; round < 300; round++) {
		struct match_table table;
		struct rules rules = {0};
		char text[64];

		for (int slot = 0; slot < 4; slot++) {
			int length = 8 * (1 + rand() % 4);
			uint32_t bytes = (uint32_t)rand() & 0x03030303;

			if (length < 32)
				bytes &= ~(UINT32_MAX >> length);
			snprintf(text, sizeof(text), "%u.%u.%u.%u/%d", bytes >> 24,
				bytes >> 16 & 255, bytes >> 8 & 255, bytes & 255, length);
			add_rule(&rules, slot, text, NULL);
		}
		match_table_build(&table, &rules.sources, &rules.exempt, NULL);
		for (int probe = 0; probe < 50; probe++) {
			struct prefix address;
			uint64_t expected = 0;

			snprintf(text, sizeof(text), "%d.%d.%d.%d", rand() % 4, rand() % 4,
				rand() % 4, rand() % 4);
			address = parse(text);
			for (int slot = 0; slot < 4; slot++)
				if (prefix_contains(
					    LIST_AT(LIST_AT(rules.peers[slot], struct endpoint, 0)
							    ->prefixes,
						    struct prefix, 0),
					    &address))
					expected |= UINT64_C(1) << slot;
			assert_int_equal(slots_of(&table, text), expected);
		}
		match_table_deinit(&table);
		free_rules(&rules);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_longer_entry_carries_the_shorter_ones_bits),
		cmocka_unit_test(each_count_names_the_nearest_endpoint),
		cmocka_unit_test(everything_ipv6_does_not_mean_ipv4),
		cmocka_unit_test(exemptions_are_holes),
		cmocka_unit_test(numbers_stay_with_their_prefix),
		cmocka_unit_test(any_set_of_rules_gives_what_it_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
