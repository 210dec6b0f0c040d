/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "told.h"

/* The certificate of the revert: who looked at which node when, at which boot, and what it was. */

/* printf 'link eth0\n' | sha256sum */
#define DIGEST_OF_ETH0 "c7dc7aa2f8c6aeeb9012a7779403b2e743bdd81a2c77f4728cca0788898cf6d9"

static void audit(
	struct told *told, int64_t at_ns, const char *when, const char *boot, const char *state)
{
	told_event(told, "audit", at_ns,
		"'node':'n2','when':'%s','boot_id':'%s','state':[%s],'residue':[]", when, boot,
		state);
}

/* Two lines of n2 before, and a fault that was armed there. */
static void begin(struct told *told)
{
	told_begin(told, given_tree());
	told_event(told, "node", 0, "'node':'n2'");
	audit(told, SECONDS(1), "before", "boot-a", "'link eth0','qdisc eth0'");
	told_event(told, "fault_arming", SECONDS(30),
		"'fault':'cut-leader','on':['n2'],'from':['n1'],'start_ns':%lld,'deadline_ns':%lld",
		(long long)SECONDS(31), (long long)SECONDS(41));
	told_event(told, "fault_armed", SECONDS(30.5),
		"'fault':'cut-leader','node':'n2','role':'on','armed_ns':%lld,'late_ns':0",
		(long long)SECONDS(30.5));
}

static const struct revert_judgement *of_n2(const struct report *report)
{
	LIST_EACH(report->judgement.reverts, struct revert_judgement, own)
		if (strcmp(own->node, "n2") == 0)
			return own;
	fail_msg("n2 is not judged");
	return NULL;
}

static void digests_are_those_of_sha256sum(void **state)
{
	struct list lines = {0};
	char digest[DIGEST_TEXT_MAX];

	(void)state;
	digest_of_lines(&lines, digest);
	assert_string_equal(
		digest, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	list_push_text(&lines, "link eth0");
	digest_of_lines(&lines, digest);
	assert_string_equal(digest, DIGEST_OF_ETH0);
	list_free_texts(&lines);
}

static void every_form_certifies_the_same(void **state)
{
	typedef void form(FILE * out, const struct report *report);
	static form *const forms[] = {report_text, report_html, report_markdown, report_json};
	struct report report;
	struct told told;

	(void)state;
	begin(&told);
	audit(&told, SECONDS(70), "after", "boot-a", "'qdisc eth0','link eth0'");
	told_event(&told, "run_ended", SECONDS(71), "'end':true");
	told_report(&told, &report);
	assert_true(of_n2(&report)->confirmed);
	assert_string_equal(of_n2(&report)->before.digest, of_n2(&report)->after.digest);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		char *text = told_form(&report, forms[i]);

		assert_has(text, of_n2(&report)->after.digest);
		assert_has(text, "boot-a");
		assert_has(text, "23:59:31");         /* before */
		assert_has(text, "2026-02-01 00:00"); /* after: the day has changed */
		assert_has_not(text, "&lt;/p&gt;");
		free(text);
	}
	report_deinit(&report);
	told_end(&told);
}

/* What a reboot ends is reverted by it; what outlives one is compared as ever. */
static void a_boot_in_between_reverts_what_lived_in_the_kernel(void **state)
{
	static const struct {
		const char *boot, *after;
		bool confirmed;
		const char *says;
	} cases[] = {
		{"boot-b", "'link eth0','link eth1'", true,
			"its machine has booted since, and what the run did in its kernel went "
			"with "
			"that; 2 facts came up differently"},
		{"boot-b", "'link eth0','qdisc eth0'", true,
			"2 facts as before, and its machine has booted since: what the run did in "
			"its "
			"kernel went with that"},
		{"boot-b", "'link eth0','clock stepped, or not looked into since'", false,
			"0 facts missing, 1 new"},
		{"boot-a", "'link eth0','link eth1'", false, "1 facts missing, 1 new"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct report report;
		struct told told;
		char *text;

		begin(&told);
		audit(&told, SECONDS(70), "after", cases[i].boot, cases[i].after);
		told_event(&told, "run_ended", SECONDS(71), "'end':true");
		told_report(&told, &report);
		assert_int_equal(of_n2(&report)->confirmed, cases[i].confirmed);
		assert_string_equal(of_n2(&report)->text, cases[i].says);
		text = told_form(&report, report_html);
		if (strcmp(cases[i].boot, "boot-b") == 0)
			assert_has(text,
				"boot boot-a before, boot boot-b after: the machine has "
				"booted in between");
		if (cases[i].confirmed && i == 0) {
			assert_has(text, "went with the boot: qdisc eth0");
			assert_has(text, "came up with the boot: link eth1");
		}
		free(text);
		report_deinit(&report);
		told_end(&told);
	}
}

/* A node of which nobody can tell the boot is compared as ever. */
static void an_untold_boot_is_no_other_boot(void **state)
{
	struct report report;
	struct told told;

	(void)state;
	begin(&told);
	told_event(&told, "audit", SECONDS(70),
		"'node':'n2','when':'after','state':['link eth1'],'residue':[]");
	told_event(&told, "run_ended", SECONDS(71), "'end':true");
	told_report(&told, &report);
	assert_false(of_n2(&report)->rebooted);
	assert_false(of_n2(&report)->confirmed);
	report_deinit(&report);
	told_end(&told);
}

static void who_looked_later_is_named(void **state)
{
	struct report report;
	struct told told;
	char *text;

	(void)state;
	begin(&told);
	told_event(
		&told, "heal", SECONDS(3600), "'wall':'2026-02-01T00:59:30Z','by':'ann<b>@host'");
	audit(&told, SECONDS(3601), "after", "boot-a", "'qdisc eth0','link eth0'");
	told_report(&told, &report);
	assert_true(of_n2(&report)->confirmed);
	text = told_form(&report, report_html);
	assert_has(text,
		"after them at 2026-02-01 00:59:31 UTC (T+1:00:01) by ann&lt;b&gt;@host with heal "
		"--run");
	free(text);
	text = told_form(&report, report_json);
	assert_has(text, "\"healed_by\":\t\"ann<b>@host\"");
	free(text);
	report_deinit(&report);
	told_end(&told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_are_those_of_sha256sum),
		cmocka_unit_test(every_form_certifies_the_same),
		cmocka_unit_test(a_boot_in_between_reverts_what_lived_in_the_kernel),
		cmocka_unit_test(an_untold_boot_is_no_other_boot),
		cmocka_unit_test(who_looked_later_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
