/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "controller/run/halt_file.h"
#include "controller/run/note_box.h"

/* Notes and halts as files: who leaves them, who takes them, and what is wrong with others. */

static char dir[64];

static int set_up(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/backburn-notes-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return rmdir(dir); /* every test takes away what it made */
}

static const char *path_in(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(path_in(name), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void leave(const char *text)
{
	const struct note note = {.by = (char *)"root on gate", .text = (char *)text};
	struct fail fail = FAIL_INIT;
	char *path = NULL;

	if (note_leave(dir, &note, &path, &fail) < 0)
		fail_msg("%s", fail.text);
	assert_int_equal(access(path, F_OK), 0);
	free(path);
}

static void notes_are_taken_in_order_and_once(void **state)
{
	struct fail fail = FAIL_INIT;
	struct note note;

	(void)state;
	assert_int_equal(note_take(dir, &note, &fail), 0);
	leave("first \"quoted\" <b>");
	leave("second");
	assert_int_equal(note_take(dir, &note, &fail), 1);
	assert_string_equal(note.text, "first \"quoted\" <b>");
	assert_string_equal(note.by, "root on gate");
	note_deinit(&note);
	assert_int_equal(note_take(dir, &note, &fail), 1);
	assert_string_equal(note.text, "second");
	note_deinit(&note);
	assert_int_equal(note_take(dir, &note, &fail), 0);
	assert_int_equal(access(path_in("notes"), F_OK), -1);
}

/* By whoever may write there: none of it gets into a journal, and none stays. */
static void what_is_no_note_is_thrown_away(void **state)
{
	static const char *const texts[] = {"", "no JSON", "{\"by\":\"x\"}",
		"{\"by\":\"x\",\"text\":\"two\\nlines\"}", "{\"by\":\"x\",\"text\":\"\\u001b[2J\"}",
		"{\"by\":\"x\",\"text\":\"y\",\"event\":\"run_ended\"}"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct fail fail = FAIL_INIT;
		struct note note;

		assert_int_equal(mkdir(path_in("notes"), 0755), 0);
		write_file("notes/1", texts[i]);
		assert_int_equal(note_take(dir, &note, &fail), -1);
		assert_non_null(strstr(fail.text, "note 1: "));
		assert_int_equal(access(path_in("notes"), F_OK), -1);
	}
}

static void its_author_has_a_short_name(void **state)
{
	char text[NOTE_BY_MAX + 64];
	struct fail fail = FAIL_INIT;
	struct note note;

	(void)state;
	snprintf(text, sizeof(text), "{\"text\":\"y\",\"by\":\"%0*d\"}", NOTE_BY_MAX + 1, 0);
	assert_int_equal(mkdir(path_in("notes"), 0755), 0);
	write_file("notes/1", text);
	assert_int_equal(note_take(dir, &note, &fail), -1);
	assert_string_equal(fail.text, "note 1: its author has a long name");
	assert_int_equal(access(path_in("notes"), F_OK), -1);
}

static void what_is_half_written_waits(void **state)
{
	struct fail fail = FAIL_INIT;
	struct note note;

	(void)state;
	assert_int_equal(mkdir(path_in("notes"), 0755), 0);
	write_file("notes/.1.part", "{");
	assert_int_equal(note_take(dir, &note, &fail), 0);
	unlink(path_in("notes/.1.part"));
	rmdir(path_in("notes"));
}

static void texts_have_limits(void **state)
{
	char text[NOTE_TEXT_MAX + 2];
	struct fail fail = FAIL_INIT;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[NOTE_TEXT_MAX] = '\0';
	assert_int_equal(note_check(text, &fail), 0);
	text[NOTE_TEXT_MAX] = 'x';
	text[NOTE_TEXT_MAX + 1] = '\0';
	assert_int_equal(note_check(text, &fail), -1);
	assert_string_equal(fail.text, "a note has at most 500 bytes, not 501");
	assert_int_equal(note_check("", &fail), -1);
	assert_string_equal(fail.text, "a note needs a text");
	assert_int_equal(note_check("a\tb", &fail), -1);
	assert_string_equal(fail.text, "a note is one line without control characters");
}

static void a_halt_needs_a_short_reason(void **state)
{
	char text[HALT_BECAUSE_MAX + 2];
	struct fail fail = FAIL_INIT;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[HALT_BECAUSE_MAX] = '\0';
	assert_int_equal(halt_check_because(text, &fail), 0);
	text[HALT_BECAUSE_MAX] = 'x';
	text[HALT_BECAUSE_MAX + 1] = '\0';
	assert_int_equal(halt_check_because(text, &fail), -1);
	assert_string_equal(fail.text, "a reason has at most 200 bytes, not 201");
	assert_int_equal(halt_check_because("", &fail), -1);
	assert_string_equal(fail.text, "a halt needs a reason");
	assert_int_equal(halt_check_because("a\nb", &fail), -1);
	assert_string_equal(fail.text, "a reason is one line without control characters");
}

/* Held as by a run. */
static int hold(const char *name, const char *text)
{
	int fd;

	write_file(name, text);
	fd = open(path_in(name), O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	return fd;
}

static void the_run_under_way_is_found_by_its_lock(void **state)
{
	struct fail fail = FAIL_INIT;
	static const char *const runs[] = {"20261128-000000-cut", "20261128-000001-kill"};
	char *found = NULL, expected[200];
	bool named = false;
	int one, two;

	(void)state;
	assert_int_equal(note_find_run(dir, &found, &fail), -1);
	snprintf(expected, sizeof(expected), "no run is under way in %s", dir);
	assert_string_equal(fail.text, expected);
	/* One that nobody holds is of a run that has ended. */
	write_file(".lock-old", "run 20260101-000000-old, pid 1\n");
	one = hold(".lock-etcd", "run 20261128-000000-cut, pid 1\n");
	assert_int_equal(note_find_run(dir, &found, &fail), 0);
	assert_string_equal(found, path_in("20261128-000000-cut"));
	free(found);
	two = hold(".lock-redis", "run 20261128-000001-kill, pid 1\n");
	assert_int_equal(note_find_run(dir, &found, &fail), -1);
	assert_int_equal(fail.kind, FAIL_REFUSED);
	/* In the order in which the directory has them. */
	for (int order = 0; order < 2 && !named; order++) {
		snprintf(expected, sizeof(expected),
			"2 runs are under way in %s, %s and %s among them; name one with --run DIR",
			dir, runs[order], runs[!order]);
		named = strcmp(fail.text, expected) == 0;
	}
	if (!named)
		fail_msg("%s", fail.text);
	close(one);
	close(two);
	unlink(path_in(".lock-old"));
	unlink(path_in(".lock-etcd"));
	unlink(path_in(".lock-redis"));
}

static void a_halt_stays_as_it_was_first_engaged(void **state)
{
	struct halt halt = {.environment = (char *)"etcd",
		.by = (char *)"root on gate",
		.because = (char *)"of smoke",
		.since = (char *)"2026-01-31T23:59:30Z"};
	char text[HALT_TEXT_MAX] = "";
	struct fail fail = FAIL_INIT;

	(void)state;
	assert_false(halt_file_engaged(dir, "etcd", text));
	assert_int_equal(halt_file_release(dir, "etcd", &fail), 0);
	assert_int_equal(halt_file_engage(dir, &halt, &fail), 0);
	halt.because = (char *)"of something else";
	assert_int_equal(halt_file_engage(dir, &halt, &fail), 0);
	assert_true(halt_file_engaged(dir, "etcd", text));
	assert_string_equal(text,
		"halt engaged by root on gate because of smoke (environment etcd, since "
		"2026-01-31T23:59:30Z)");
	assert_false(halt_file_engaged(dir, "shop", text));
	assert_int_equal(halt_file_release(dir, "etcd", &fail), 0);
	assert_false(halt_file_engaged(dir, "etcd", text));
}

static void a_halt_that_cannot_be_read_is_one(void **state)
{
	char text[HALT_TEXT_MAX] = "";
	struct fail fail = FAIL_INIT;

	(void)state;
	write_file(".halt-etcd", "{\"environment\":");
	assert_true(halt_file_engaged(dir, "etcd", text));
	assert_non_null(strstr(text, "can't be read, which counts as that"));
	assert_int_equal(halt_file_release(dir, "etcd", &fail), 0);
	/* A directory, or a link to nowhere, in its place. */
	assert_int_equal(mkdir(path_in(".halt-etcd"), 0755), 0);
	assert_true(halt_file_engaged(dir, "etcd", text));
	assert_int_equal(halt_file_release(dir, "etcd", &fail), -1);
	rmdir(path_in(".halt-etcd"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			notes_are_taken_in_order_and_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_note_is_thrown_away, set_up, tear_down),
		cmocka_unit_test_setup_teardown(its_author_has_a_short_name, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_half_written_waits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(texts_have_limits, set_up, tear_down),
		cmocka_unit_test(a_halt_needs_a_short_reason),
		cmocka_unit_test_setup_teardown(
			the_run_under_way_is_found_by_its_lock, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_halt_stays_as_it_was_first_engaged, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_halt_that_cannot_be_read_is_one, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
