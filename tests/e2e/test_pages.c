/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <ftw.h>
#include <glob.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "controller/plan/catalogue.h"
#include "controller/schema/schema.h"
#include "tests/e2e/cli.h"

/* Each fault's page tells the parameters that there are, and each page is found from another. */

static const char begin[] = "<!-- begin: from the fault's tables, by tools/pages -->\n";
static const char begin_keys[] = "<!-- begin: from the tables of the files, by tools/pages -->\n";
static const char end[] = "<!-- end -->\n";

/* What docs/adding-a-fault.md asks of a page. */
static const char *const sections[] = {"\n```json\n", "\n## Parameters\n",
	"\n## What it does on a node\n", "\n## What it never hits\n", "\n## Evidence\n",
	"\n## Limits\n", "\n## Undo\n"};

static void assert_page(const char *fault)
{
	struct cli_result result;
	char name[128], *page, *from, *to;

	snprintf(name, sizeof(name), "docs/faults/%s.md", fault);
	page = cli_read(cli_file(name));
	cli_run((const char *[]){"faults", fault, "--page", NULL}, &result);
	assert_int_equal(result.code, 0);
	from = strstr(page, begin);
	to = from ? strstr(from, end) : NULL;
	if (!to) {
		fail_msg("%s has no place for what the tables tell", name);
		return;
	}
	from += strlen(begin);
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		if (!strstr(page, sections[i]))
			fail_msg("%s has no section %s", name, sections[i]);
	*to = '\0';
	if (strcmp(from, result.out) != 0)
		fail_msg("%s differs from what the tables say; tools/pages renews it", name);
	free(page);
	cli_result_free(&result);
}

static void each_fault_has_its_page(void **state)
{
	struct catalogue catalogue;
	struct fail fail = FAIL_INIT;

	(void)state;
	assert_int_equal(catalogue_builtin(&catalogue, &fail), 0);
	assert_true(catalogue.count > 0);
	for (size_t i = 0; i < catalogue.count; i++)
		assert_page(catalogue.faults[i].name);
	catalogue_deinit(&catalogue);
}

static void a_page_is_of_one_fault(void **state)
{
	struct cli_result result;

	(void)state;
	cli_run((const char *[]){"faults", "--page", NULL}, &result);
	assert_int_equal(result.code, 64);
	assert_non_null(strstr(result.err, "--page needs a FAULT"));
	cli_result_free(&result);
}

/* --- keys ------------------------------------------------------------------------------ */

enum {
	EXAMPLES_MAX = 200,
	TOLD_MAX = 100
};

/* The files that tools/pages takes examples from, in its order. */
static void take_examples(const char **argv, size_t *count, glob_t *matches)
{
	static const char *const patterns[] = {"docs/examples/*.json", "scenarios/*.json",
		"scenarios/*/*.json", "scenarios/*/*/*.json", "tests/e2e/files/kinds.json"};

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		assert_int_equal(
			glob(cli_file(patterns[i]), i ? GLOB_APPEND : 0, NULL, matches), 0);
	for (size_t i = 0; i < matches->gl_pathc; i++) {
		assert_true(*count < EXAMPLES_MAX);
		argv[(*count)++] = matches->gl_pathv[i];
	}
}

/* Its cells: key, values, default, example, help. A row without an example leads to another table.
 */
static void assert_row_is_whole(const char *line)
{
	const char *cell[6] = {line};
	size_t cells = 1;

	for (const char *c = line + 1; *c; c++)
		if (*c == '|' && c[-1] != '\\' && cells < 6)
			cell[cells++] = c;
	assert_int_equal(cells, 6);
	assert_true(cell[5] - cell[4] > 3); /* help */
	if (cell[4] - cell[3] <= 3 && !strstr(line, "](#") && !strstr(line, "](faults/)"))
		fail_msg("no example: %s", line);
}

static void the_page_of_keys_is_that_of_the_tables(void **state)
{
	const char *argv[EXAMPLES_MAX + 1] = {cli_program("backburn"), "schema", "--page"};
	char *page = cli_read(cli_file("docs/keys.md")), *from, *to, *line;
	struct cli_result result;
	glob_t matches;
	size_t count = 3, rows = 0;

	(void)state;
	take_examples(argv, &count, &matches);
	argv[count] = NULL;
	cli_run_program(argv, &result);
	if (result.code != 0)
		fail_msg("exit %d: %s", result.code, result.err);
	from = strstr(page, begin_keys);
	to = from ? strstr(from, end) : NULL;
	if (!to) {
		fail_msg("docs/keys.md has no place for what the tables tell");
		return;
	}
	from += strlen(begin_keys);
	*to = '\0';
	if (strcmp(from, result.out) != 0)
		fail_msg("docs/keys.md differs from what the tables say; tools/pages renews it");
	while ((line = strsep(&from, "\n"))) {
		if (strncmp(line, "| `", 3) != 0 && strncmp(line, "| **`", 5) != 0)
			continue;
		assert_row_is_whole(line);
		rows++;
	}
	assert_true(rows > 200);
	free(page);
	globfree(&matches);
	cli_result_free(&result);
}

static void the_examples_are_valid(void **state)
{
	glob_t matches;

	(void)state;
	assert_int_equal(glob(cli_file("docs/examples/*.json"), 0, NULL, &matches), 0);
	for (size_t i = 0; i < matches.gl_pathc; i++) {
		struct cli_result result;

		cli_run((const char *[]){"validate", matches.gl_pathv[i], NULL}, &result);
		if (result.code != 0)
			fail_msg("%s", result.err);
		cli_result_free(&result);
	}
	globfree(&matches);
}

/* In code, with nothing beside it that would make it another word. */
static bool in_code(const char *text, const char *key)
{
	size_t length = strlen(key);
	bool code = false;

	for (const char *at = text; *at; at++) {
		if (*at == '`' || (*at == '\n' && at[1] == '\n'))
			code = *at == '`' && !code;
		else if (code && strncmp(at, key, length) == 0 && !isalnum((unsigned char)at[-1]) &&
			at[-1] != '_' && !isalnum((unsigned char)at[length]) && at[length] != '_')
			return true;
	}
	return false;
}

static void assert_keys_in(const char *text, const struct shape *shape)
{
	static const struct shape *told[TOLD_MAX];
	static size_t count;

	for (size_t i = 0; i < count; i++)
		if (told[i] == shape)
			return;
	assert_true(count < TOLD_MAX);
	told[count++] = shape;
	for (size_t i = 0; i < shape->count; i++) {
		const struct field *field = &shape->fields[i];

		if (!field->later && !in_code(text, field->key))
			fail_msg("docs/scenario.md does not tell of \"%s\" of %s", field->key,
				shape->name);
		if (field->sub && !field->later)
			assert_keys_in(text, field->sub);
	}
}

/* The page of keys lists them; this one says what they are for. */
static void each_key_is_told_of_in_words(void **state)
{
	char *text = cli_read(cli_file("docs/scenario.md"));
	struct catalogue catalogue;
	struct fail fail = FAIL_INIT;

	(void)state;
	assert_int_equal(catalogue_builtin(&catalogue, &fail), 0);
	for (size_t i = 0; i < schema_kind_count; i++)
		assert_keys_in(text, schema_shape(&schema_kinds[i], &catalogue));
	catalogue_deinit(&catalogue);
	free(text);
}

/* --- links ----------------------------------------------------------------------------- */

enum {
	PAGES_MAX = 100
};

static struct page {
	char path[PATH_MAX];
	bool found; /* from another one */
} pages[PAGES_MAX];
static size_t page_count;

static int add_page(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	const char *ending = strrchr(path, '.');

	(void)status;
	(void)walk;
	if (type != FTW_F || !ending || strcmp(ending, ".md") != 0)
		return 0;
	assert_true(page_count < PAGES_MAX);
	assert_non_null(realpath(path, pages[page_count++].path));
	return 0;
}

/* A target as it stands on the page, which must be a file; returns where to look on. */
static char *follow(const struct page *from, char *target)
{
	char path[PATH_MAX * 2], file[PATH_MAX], *behind = target + strcspn(target, ")");

	if (*behind)
		*behind++ = '\0';
	target[strcspn(target, "#")] = '\0';
	if (strstr(target, "://") || !*target)
		return behind;
	snprintf(path, sizeof(path), "%.*s/%s", (int)(strrchr(from->path, '/') - from->path),
		from->path, target);
	if (!realpath(path, file))
		fail_msg("%s links to %s, which is not there", from->path, target);
	for (size_t i = 0; i < page_count; i++)
		if (&pages[i] != from && strcmp(pages[i].path, file) == 0)
			pages[i].found = true;
	return behind;
}

static void every_page_is_found_from_another(void **state)
{
	(void)state;
	assert_int_equal(nftw(cli_file("docs"), add_page, 16, FTW_PHYS), 0);
	assert_true(page_count > 20);
	assert_non_null(realpath(cli_file("README.md"), pages[page_count].path));
	pages[page_count++].found = true;
	for (size_t i = 0; i < page_count; i++) {
		char *text = cli_read(pages[i].path), *link = text;

		while ((link = strstr(link, "](")))
			link = follow(&pages[i], link + 2);
		free(text);
	}
	for (size_t i = 0; i < page_count; i++)
		if (!pages[i].found)
			fail_msg("no page leads to %s", pages[i].path);
}

/* --- examples ---------------------------------------------------------------------------- */

/* The fenced JSON blocks of a page, one behind the other; to be freed. */
static char *examples_of(const char *page)
{
	static const char fence[] = "\n```json\n", closed[] = "\n```\n";
	char *text = cli_read(page), *at = text, *found = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&found, &size);

	assert_non_null(out);
	while ((at = strstr(at, fence))) {
		char *closing = strstr(at + strlen(fence), closed);

		assert_non_null(closing);
		fprintf(out, "%.*s\n", (int)(closing - at - (long)strlen(fence)),
			at + strlen(fence));
		at = closing;
	}
	assert_int_equal(fclose(out), 0);
	free(text);
	return found;
}

/* Each line but for its comma, wherever it stands in the file. */
static void the_examples_of_slis_are_of_a_scenario(void **state)
{
	char *examples = examples_of(cli_file("docs/slo.md")), *rest = examples, *line;
	char *scenario = cli_read(cli_file("tests/e2e/files/sli-set.json"));
	struct cli_result result;
	size_t lines = 0;

	(void)state;
	while ((line = strsep(&rest, "\n"))) {
		size_t length = strlen(line);

		if (length && line[length - 1] == ',')
			line[length - 1] = '\0';
		if (!strstr(scenario, line))
			fail_msg("sli-set.json has no %s", line);
		lines += length > 0;
	}
	assert_true(lines > 30);
	cli_run((const char *[]){"validate", cli_file("tests/e2e/files/sli-set.json"), NULL},
		&result);
	assert_int_equal(result.code, 0);
	cli_result_free(&result);
	free(scenario);
	free(examples);
}

/* Ten SLIs, and a row for each. */
static void every_sli_has_a_row(void **state)
{
	char *page = cli_read(cli_file("docs/slo.md")), row[16];

	(void)state;
	for (int i = 1; i <= 10; i++) {
		snprintf(row, sizeof(row), "\n| M%d | ", i);
		if (!strstr(page, row))
			fail_msg("no row of M%d", i);
	}
	free(page);
}

/* The page's probes in the place of a scenario's. */
static void the_examples_of_what_the_kernel_counts_are_valid(void **state)
{
	char *examples = examples_of(cli_file("docs/kernel.md")), *text;
	char *file = cli_read(cli_file("tests/e2e/files/kernel.json"));
	cJSON *scenario = cJSON_Parse(file), *probes, *probe;
	struct cli_result result;
	struct cli cli;

	(void)state;
	assert_true(asprintf(&text, "{%s}", examples) > 0);
	probes = cJSON_Parse(text);
	assert_non_null(probes);
	while ((probe = cJSON_DetachItemFromArray(probes, 0))) {
		cJSON *all = cJSON_GetObjectItem(scenario, "probes");

		cJSON_DeleteItemFromObject(all, probe->string);
		cJSON_AddItemToObject(all, probe->string, probe);
	}
	free(text);
	text = cJSON_Print(scenario);
	cli_begin(&cli);
	cli_run((const char *[]){"validate", cli_write(&cli, "kernel.json", text), NULL}, &result);
	if (result.code != 0)
		fail_msg("%s", result.err);
	cli_result_free(&result);
	cli_end(&cli);
	free(text);
	free(file);
	free(examples);
	cJSON_Delete(probes);
	cJSON_Delete(scenario);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_fault_has_its_page),
		cmocka_unit_test(a_page_is_of_one_fault),
		cmocka_unit_test(the_page_of_keys_is_that_of_the_tables),
		cmocka_unit_test(the_examples_are_valid),
		cmocka_unit_test(each_key_is_told_of_in_words),
		cmocka_unit_test(every_page_is_found_from_another),
		cmocka_unit_test(the_examples_of_slis_are_of_a_scenario),
		cmocka_unit_test(every_sli_has_a_row),
		cmocka_unit_test(the_examples_of_what_the_kernel_counts_are_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
