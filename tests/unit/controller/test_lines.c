/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "controller/journal/lines.h"
#include "given.h"

/* Lines of a file: whole ones, the torn one at its end, and those that are too long to be kept. */

static int file_of(const char *text, size_t length)
{
	int fd = memfd_create("lines", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, length), length);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void assert_line(struct lines *lines, const char *text, bool whole)
{
	struct line line;

	assert_int_equal(lines_next(lines, &line), 1);
	assert_int_equal(line.length, strlen(text));
	assert_memory_equal(line.text, text, line.length);
	assert_int_equal(line.whole, whole);
	assert_false(line.too_long);
}

static void lines_come_one_by_one(void **state)
{
	static const char text[] = "a\n\nbc\nd";
	int fd = file_of(text, strlen(text));
	struct lines lines;
	struct line line;

	(void)state;
	lines_init(&lines, fd);
	assert_line(&lines, "a", true);
	assert_line(&lines, "", true);
	assert_line(&lines, "bc", true);
	assert_line(&lines, "d", false);
	assert_int_equal(lines_next(&lines, &line), 0);
	lines_deinit(&lines);
	close(fd);
	lines_init(&lines, -1);
	assert_int_equal(lines_next(&lines, &line), -1);
	lines_deinit(&lines);
}

/* Lengths around each size of the memory that they are read into. */
static void lines_of_any_length_are_whole(void **state)
{
	enum {
		MOST = 600000
	};
	char *text = malloc(2 * MOST + 2);
	struct lines lines;
	struct line line;

	(void)state;
	assert_non_null(text);
	for (size_t length = 262140; length <= MOST; length += length < 262150 ? 1 : 87654) {
		int fd;

		memset(text, 'x', length);
		text[length] = '\n';
		memset(text + length + 1, 'y', length);
		text[2 * length + 1] = '\n';
		fd = file_of(text, 2 * length + 2);
		lines_init(&lines, fd);
		for (int i = 0; i < 2; i++) {
			assert_int_equal(lines_next(&lines, &line), 1);
			assert_int_equal(line.length, length);
			assert_true(line.text[0] == (i ? 'y' : 'x') &&
				line.text[length - 1] == line.text[0]);
		}
		assert_int_equal(lines_next(&lines, &line), 0);
		lines_deinit(&lines);
		close(fd);
	}
	free(text);
}

static void a_line_too_long_is_counted_and_dropped(void **state)
{
	static const char behind[] = {'\n', 'b', '\n', 'c'};
	const size_t lengths[] = {LINE_BYTES_MAX, LINE_BYTES_MAX + 1, (size_t)3 * LINE_BYTES_MAX};
	char *text = malloc((size_t)3 * LINE_BYTES_MAX + 16);

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct lines lines;
		struct line line;
		size_t length = lengths[i];
		int fd;

		text[0] = 'a';
		text[1] = '\n';
		memset(text + 2, 'x', length);
		memmove(text + 2 + length, behind, sizeof(behind));
		fd = file_of(text, length + 6);
		lines_init(&lines, fd);
		assert_line(&lines, "a", true);
		assert_int_equal(lines_next(&lines, &line), 1);
		assert_int_equal(line.length, length);
		assert_true(line.whole);
		assert_int_equal(line.too_long, length > LINE_BYTES_MAX);
		assert_true(lines.room <= (size_t)2 * LINE_BYTES_MAX);
		assert_line(&lines, "b", true);
		assert_line(&lines, "c", false);
		assert_int_equal(lines_next(&lines, &line), 0);
		lines_deinit(&lines);
		close(fd);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_come_one_by_one),
		cmocka_unit_test(lines_of_any_length_are_whole),
		cmocka_unit_test(a_line_too_long_is_counted_and_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
