/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "injector/ledger.h"
#include "injector/lists.h"
#include "injector/recover.h"
#include "tests/unit/injector/host_fake.h"

#define LEDGER "/run/backburn/7/run-1/ledger"

static const struct ledger_header header = {
	.boot_id = (char *)"boot-1",
	.session = (char *)"run-1",
	.controller = (char *)"me",
	.pid = 42,
	.start_ticks = 99,
	.netns_cookie = 7,
};

static struct undo filter_undo(void)
{
	return (struct undo){
		.kind = UNDO_FILTER,
		.ifindex = 2,
		.interface = (char *)"eth0",
		.direction = BB_EGRESS,
		.pref = 1,
		.name = (char *)BB_EGRESS_NAME,
		.tag = (char *)"eeeeeeeeeeeeeeee",
	};
}

static int reset(void **state)
{
	(void)state;
	fake_reset();
	return 0;
}

static size_t recover(struct list *said)
{
	struct fail fail = FAIL_INIT;
	struct host_facts facts;

	host_facts(&facts, &fail);
	return recover_namespace("/run/backburn", &facts, 7, said);
}

static void a_record_is_on_disk_before_its_effect(void **state)
{
	struct undo undo = filter_undo();
	struct ledger_content content;
	struct fail fail = FAIL_INIT;
	struct ledger *ledger;
	int64_t first, second;

	(void)state;
	assert_int_equal(ledger_open("/run/backburn", &header, &ledger, &fail), 0);
	assert_int_equal(ledger_note(ledger, &undo, &first, &fail), 0);
	assert_int_equal(ledger_note(ledger, &undo, &second, &fail), 0);
	assert_int_equal(ledger_done(ledger, first, &fail), 0);
	assert_int_equal(ledger_pending(ledger), 1);
	assert_int_equal(
		ledger_parse(fake_text(LEDGER), strlen(fake_text(LEDGER)), &content, &fail), 0);
	assert_string_equal(content.header.boot_id, "boot-1");
	assert_int_equal(content.header.pid, 42);
	assert_int_equal(content.pending.count, 1);
	assert_int_equal(LIST_AT(content.pending, struct ledger_record, 0)->number, second);
	assert_string_equal(
		LIST_AT(content.pending, struct ledger_record, 0)->undo.tag, "eeeeeeeeeeeeeeee");
	ledger_content_deinit(&content);
	/* Something is pending: the file stays. */
	ledger_close(ledger);
	assert_non_null(fake_text(LEDGER));
	assert_int_equal(ledger_open("/run/backburn", &header, &ledger, &fail), -1);
	assert_int_equal(fail.kind, FAIL_BUSY);
}

static void a_ledger_with_nothing_pending_disappears(void **state)
{
	struct undo undo = filter_undo();
	struct fail fail = FAIL_INIT;
	struct ledger *ledger;
	int64_t number;

	(void)state;
	assert_int_equal(ledger_open("/run/backburn", &header, &ledger, &fail), 0);
	assert_int_equal(ledger_note(ledger, &undo, &number, &fail), 0);
	assert_int_equal(ledger_done(ledger, number, &fail), 0);
	ledger_close(ledger);
	assert_null(fake_text(LEDGER));
	assert_int_equal(fake_file_count(), 0);
}

static void an_effect_whose_record_fails_is_not_pending(void **state)
{
	struct undo undo = filter_undo();
	struct fail fail = FAIL_INIT;
	struct ledger *ledger;
	int64_t number = -7;

	(void)state;
	assert_int_equal(ledger_open("/run/backburn", &header, &ledger, &fail), 0);
	fake.fail_name = "file_append";
	assert_int_equal(ledger_note(ledger, &undo, &number, &fail), -1);
	assert_int_equal(number, -7);
	assert_non_null(strstr(fail.text, LEDGER));
	assert_int_equal(ledger_pending(ledger), 0);
	ledger_close(ledger);
}

static void a_torn_last_line_is_no_record(void **state)
{
	static const char text[] =
		"{\"boot\":\"b\",\"session\":\"s\",\"controller\":\"c\",\"pid\":1,"
		"\"start_ticks\":\"2\",\"netns_cookie\":\"3\"}\n"
		"{\"undo\":\"qdisc\",\"ifindex\":2,\"interface\":\"eth0\",\"number\":\"1\"}\n"
		"{\"undo\":\"filter\",\"ifind";
	struct ledger_content content;
	struct fail fail = FAIL_INIT;

	(void)state;
	for (size_t cut = 0; cut < sizeof(text); cut++) {
		assert_int_equal(ledger_parse(text, cut, &content, &fail), 0);
		assert_true(content.pending.count <= 1);
		assert_int_equal(content.has_header, cut > 80 && memchr(text, '\n', cut) != NULL);
		ledger_content_deinit(&content);
	}
	/* But a whole line that makes no sense is no ledger of ours: nothing is guessed. */
	assert_int_equal(ledger_parse("{}\n", 3, &content, &fail), -1);
	assert_int_equal(ledger_parse("nonsense\n", 9, &content, &fail), -1);
}

/* A clsact with our egress filter on eth0, as a dead session leaves it. */
static void leave_behind(const char *boot_id)
{
	struct ledger_header dead = header;
	struct undo qdisc = {.kind = UNDO_QDISC, .ifindex = 2, .interface = (char *)"eth0"};
	struct undo filter = filter_undo();
	struct fail fail = FAIL_INIT;
	struct ledger *ledger;
	int64_t number;

	dead.boot_id = (char *)boot_id;
	assert_int_equal(ledger_open("/run/backburn", &dead, &ledger, &fail), 0);
	assert_int_equal(ledger_note(ledger, &qdisc, &number, &fail), 0);
	assert_int_equal(host_clsact_add(2, &fail), 0);
	assert_int_equal(ledger_note(ledger, &filter, &number, &fail), 0);
	assert_int_equal(host_filter_add(NULL, 2, BB_EGRESS, 1, &fail), 0);
	ledger_close(ledger);
}

static void recovery_undoes_in_reverse_order(void **state)
{
	struct list said = {0};

	(void)state;
	leave_behind("boot-1");
	assert_int_equal(recover(&said), 0);
	assert_true(fake_is_clean());
	assert_int_equal(fake_file_count(), 0);
	assert_int_equal(said.count, 3);
	assert_non_null(strstr(*LIST_AT(said, char *, 1), "filter bb_egress (pref 1) removed"));
	assert_non_null(strstr(*LIST_AT(said, char *, 2), "qdisc clsact removed from eth0"));
	list_free_texts(&said);
}

static void what_is_not_ours_any_more_stays(void **state)
{
	struct fake_attachment *filter;
	struct list said = {0};

	(void)state;
	leave_behind("boot-1");
	/* Somebody put another program at the same place, and it has another tag. */
	filter = fake.attachments.items;
	snprintf(filter->tag, sizeof(filter->tag), "0123456789abcdef");
	assert_int_equal(recover(&said), 0);
	assert_int_equal(fake.attachments.count, 1);
	assert_int_equal(fake.clsacts.count, 1);
	assert_non_null(strstr(*LIST_AT(said, char *, 1), "not ours any more"));
	assert_non_null(strstr(*LIST_AT(said, char *, 2), "others use it now"));
	list_free_texts(&said);
}

static void another_boots_ledger_is_dropped(void **state)
{
	struct list said = {0};

	(void)state;
	leave_behind("boot-0");
	assert_int_equal(recover(&said), 0);
	assert_int_equal(fake_file_count(), 0);
	assert_int_equal(fake.attachments.count, 1);
	assert_non_null(strstr(*LIST_AT(said, char *, 0), "another boot"));
	list_free_texts(&said);
}

static void a_live_ledger_is_left_alone(void **state)
{
	struct fail fail = FAIL_INIT;
	struct list said = {0};
	struct ledger *ledger;

	(void)state;
	assert_int_equal(ledger_open("/run/backburn", &header, &ledger, &fail), 0);
	assert_int_equal(recover(&said), 0);
	assert_non_null(strstr(*LIST_AT(said, char *, 0), "live"));
	assert_non_null(fake_text(LEDGER));
	list_free_texts(&said);
	ledger_close(ledger);
}

static void what_can_not_be_undone_is_counted_and_kept(void **state)
{
	struct list said = {0};

	(void)state;
	leave_behind("boot-1");
	fake.fail_name = "filter_delete";
	assert_int_equal(recover(&said), 2);
	assert_non_null(fake_text(LEDGER));
	list_free_texts(&said);
	fake.fail_name = NULL;
	assert_int_equal(recover(&said), 0);
	assert_true(fake_is_clean());
	list_free_texts(&said);
}

/* ---- lanes ---- */

/* A wire, and maybe the far end of a keeper, as a dead session leaves them behind its hooks. */
static void leave_lanes_behind(void)
{
	struct undo filter = filter_undo();
	struct undo wire = {.kind = UNDO_LANE, .interface = (char *)"bb-wire"};
	struct undo kept = {.kind = UNDO_LANE, .interface = (char *)"bb-lane"};
	struct host_pair pair = {.entry = "bb-wire", .exit = "bb-wire-x", .as_wire = true};
	struct fail fail = FAIL_INIT;
	struct ledger *ledger;
	int64_t number;

	assert_int_equal(ledger_open("/run/backburn", &header, &ledger, &fail), 0);
	assert_int_equal(ledger_note(ledger, &filter, &number, &fail), 0);
	assert_int_equal(host_filter_add(NULL, 2, BB_EGRESS, 1, &fail), 0);
	assert_int_equal(ledger_note(ledger, &wire, &number, &fail), 0);
	assert_int_equal(host_pair_add(&pair, &fail), 0);
	assert_int_equal(ledger_note(ledger, &kept, &number, &fail), 0);
	ledger_close(ledger);
}

static void a_lane_is_noted_by_its_name(void **state)
{
	struct undo wire = {.kind = UNDO_LANE, .interface = (char *)"bb-wire"};
	char text[UNDO_TEXT_MAX];
	struct ledger_content content;
	struct fail fail = FAIL_INIT;
	const struct undo *read;

	(void)state;
	leave_lanes_behind();
	assert_int_equal(
		ledger_parse(fake_text(LEDGER), strlen(fake_text(LEDGER)), &content, &fail), 0);
	assert_int_equal(content.pending.count, 3);
	read = &LIST_AT(content.pending, struct ledger_record, 1)->undo;
	assert_int_equal(read->kind, UNDO_LANE);
	assert_string_equal(read->interface, "bb-wire");
	assert_string_equal(undo_describe(&wire, text), "remove link bb-wire");
	ledger_content_deinit(&content);
}

/* Lanes go before the hooks: what is still in them needs these. */
static void recovery_removes_lanes(void **state)
{
	struct list said = {0};

	(void)state;
	leave_lanes_behind();
	assert_int_equal(recover(&said), 0);
	assert_true(fake_is_clean());
	assert_int_equal(fake_file_count(), 0);
	assert_int_equal(said.count, 4);
	assert_non_null(strstr(*LIST_AT(said, char *, 1), "link bb-lane: gone"));
	assert_non_null(strstr(*LIST_AT(said, char *, 2), "link bb-wire removed"));
	assert_non_null(strstr(*LIST_AT(said, char *, 3), "filter bb_egress (pref 1) removed"));
	list_free_texts(&said);
	assert_int_equal(recover(&said), 0);
	assert_int_equal(said.count, 0);
}

static void a_link_of_another_kind_stays(void **state)
{
	struct list said = {0};

	(void)state;
	leave_lanes_behind();
	fake_add_link(77, "bb-lane");
	assert_int_equal(recover(&said), 0);
	assert_int_equal(fake_link_named("bb-lane"), 77);
	assert_non_null(
		strstr(*LIST_AT(said, char *, 1), "link bb-lane: left, it is none of ours"));
	list_free_texts(&said);
}

static bool says(const struct list *said, const char *words)
{
	LIST_EACH(*said, char *, line) {
		if (strstr(*line, words))
			return true;
	}
	return false;
}

static void a_lane_that_can_not_be_removed_is_kept_in_mind(void **state)
{
	static const char *const calls[] = {"lane_delete", "link_named"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct list said = {0};

		leave_lanes_behind();
		fake.fail_name = calls[i];
		assert_true(recover(&said) > 0);
		assert_non_null(fake_text(LEDGER));
		assert_true(says(&said, calls[i]));
		/* That does not hold the rest. */
		assert_true(says(&said, "filter bb_egress (pref 1) removed"));
		list_free_texts(&said);
		fake.fail_name = NULL;
		assert_int_equal(recover(&said), 0);
		assert_true(fake_is_clean());
		assert_int_equal(fake_file_count(), 0);
		list_free_texts(&said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_record_is_on_disk_before_its_effect, reset),
		cmocka_unit_test_setup(a_ledger_with_nothing_pending_disappears, reset),
		cmocka_unit_test_setup(an_effect_whose_record_fails_is_not_pending, reset),
		cmocka_unit_test_setup(a_torn_last_line_is_no_record, reset),
		cmocka_unit_test_setup(recovery_undoes_in_reverse_order, reset),
		cmocka_unit_test_setup(what_is_not_ours_any_more_stays, reset),
		cmocka_unit_test_setup(another_boots_ledger_is_dropped, reset),
		cmocka_unit_test_setup(a_live_ledger_is_left_alone, reset),
		cmocka_unit_test_setup(what_can_not_be_undone_is_counted_and_kept, reset),
		cmocka_unit_test_setup(a_lane_is_noted_by_its_name, reset),
		cmocka_unit_test_setup(recovery_removes_lanes, reset),
		cmocka_unit_test_setup(a_link_of_another_kind_stays, reset),
		cmocka_unit_test_setup(a_lane_that_can_not_be_removed_is_kept_in_mind, reset),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	fake_reset();
	list_free(&fake.links);
	return failed;
}
