/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "told.h"

/*
 * GitHub's workflow commands, read as its runner reads them:
 *   ::NAME KEY=VALUE,KEY=VALUE::MESSAGE
 * in which %25, %0D and %0A stand for %, CR and LF, and in values %3A and %2C for : and comma.
 */
struct command {
	char name[16], file[PATH_MAX], title[2048], message[8192];
	int line;
};

static void unescape(char *text)
{
	static const char *const marks[] = {"%0D", "%0A", "%3A", "%2C", "%25"};
	static const char values[] = "\r\n:,%";
	char *out = text;

	while (*text) {
		size_t i = 0;

		while (i < 5 && strncmp(text, marks[i], 3) != 0)
			i++;
		if (*text == '%' && i == 5)
			fail_msg("a bare %% in \"%s\"", text);
		*out++ = i < 5 ? values[i] : *text;
		text += i < 5 ? 3 : 1;
	}
	*out = '\0';
}

static void take_property(struct command *command, char *property)
{
	char *value = strchr(property, '=');

	assert_non_null(value);
	*value++ = '\0';
	unescape(value);
	if (strcmp(property, "file") == 0)
		snprintf(command->file, sizeof(command->file), "%s", value);
	else if (strcmp(property, "title") == 0)
		snprintf(command->title, sizeof(command->title), "%s", value);
	else if (strcmp(property, "line") == 0)
		command->line = atoi(value);
	else
		fail_msg("\"%s\" is no property", property);
}

/* The properties end at the first "::" behind the name: none of them may have one. */
static struct command parse(char *line)
{
	struct command command = {.line = -1};
	char *space = strchr(line, ' '), *end, *property;

	if (strncmp(line, "::", 2) != 0 || !space)
		fail_msg("no command: %s", line);
	snprintf(command.name, sizeof(command.name), "%.*s", (int)(space - line - 2), line + 2);
	if (strcmp(command.name, "error") != 0 && strcmp(command.name, "warning") != 0 &&
		strcmp(command.name, "notice") != 0)
		fail_msg("\"%s\" is no level", command.name);
	end = space ? strstr(space, "::") : NULL;
	if (!end) {
		fail_msg("no message: %s", line);
		return command;
	}
	*end = '\0';
	snprintf(command.message, sizeof(command.message), "%s", end + 2);
	unescape(command.message);
	space++;
	while ((property = strsep(&space, ",")))
		take_property(&command, property);
	return command;
}

static char *line_of_text(const char *text, int number)
{
	while (--number > 0) {
		text = strchr(text, '\n');
		assert_non_null(text);
		text++;
	}
	return strndup(text, strcspn(text, "\n"));
}

static const char scenario_text[] = "{\n"
				    "  \"invariants\": [\n"
				    "    { \"id\": \"steady\" },\n"
				    "    { \"id\": \"noticed\" },\n"
				    "    {\n"
				    "      \"id\": \"no-loss\" } ]\n"
				    "}\n";

/* A journal of a run that lost writes, of a scenario of that file. */
static void lossy_run(struct told *told, const char *file, const char *title)
{
	cJSON *event, *tree = given_tree();
	char *line;

	cJSON_ReplaceItemInObject(tree, "title", cJSON_CreateString(title));
	told_begin(told, given_tree());
	assert_int_equal(ftruncate(fileno(told->file), 0), 0);
	rewind(told->file);
	event = given_event_json("run_started", 0, "'journal':1,'run':'r2'");
	json_put_string(event, "scenario_file", file);
	json_put(event, "scenario", tree);
	line = json_print(event);
	told_line(told, line);
	free(line);
	cJSON_Delete(event);
	told_run(told);
	told_run_ends(told, 60);
}

static char *write_scenario(char *folder)
{
	char *path = NULL;
	FILE *file;

	assert_non_null(mkdtemp(folder));
	assert_true(asprintf(&path, "%s/chaos", folder) > 0);
	assert_int_equal(mkdir(path, 0755), 0);
	free(path);
	assert_true(asprintf(&path, "%s/chaos/x, y: 100%%.json", folder) > 0);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(scenario_text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	return path;
}

/* Whatever the file is called, and whatever the title says. */
static void each_line_is_a_command_at_its_line(void **state)
{
	static const char title[] = "a, b: 100% ::error::c\n::warning title=x::d\r e";
	char folder[] = "/tmp/backburn-annotations-XXXXXX", *path = write_scenario(folder), *text;
	struct told told;
	size_t count = 0, found = 0;

	(void)state;
	setenv("GITHUB_WORKSPACE", folder, 1);
	lossy_run(&told, path, title);
	text = told_finish(&told, report_annotations);
	for (char *rest = text, *line; (line = strsep(&rest, "\n")) && *line; count++) {
		struct command command = parse(line);
		char *there;

		/* As the repository has it, and not as this machine. */
		assert_string_equal(command.file, "chaos/x, y: 100%.json");
		assert_null(strpbrk(command.title, "\r\n"));
		assert_null(strpbrk(command.message, "\r\n"));
		there = line_of_text(scenario_text, command.line);
		if (strstr(command.title, "claim no-loss")) {
			assert_string_equal(there, "    {");
			assert_int_equal(command.line, 5);
			assert_string_equal(command.name, "error");
			found++;
		}
		free(there);
		if (count == 0)
			assert_string_equal(command.title,
				"VIOLATED: a, b: 100% ::error::c ::warning title=x::d  e");
	}
	assert_int_equal(found, 1);
	assert_true(count >= 2);
	unsetenv("GITHUB_WORKSPACE");
	free(text);
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	rmdir(folder);
	free(path);
}

static struct command refusal(const char *reason)
{
	struct command command;
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	report_annotate_refusal(out, "WRONG FILE", reason);
	assert_int_equal(fclose(out), 0);
	assert_true(length > 0 && text[length - 1] == '\n');
	text[length - 1] = '\0';
	command = parse(text);
	assert_string_equal(command.message, reason);
	assert_string_equal(command.title, "WRONG FILE");
	free(text);
	return command;
}

/* A file that is not there is none: a reason may begin with anything. */
static void a_refusal_stands_at_its_mistake(void **state)
{
	char folder[] = "/tmp/backburn-annotations-XXXXXX", *path = write_scenario(folder);
	char *reason = NULL;
	struct command command;

	(void)state;
	assert_true(asprintf(&reason, "%s:3: invariants[0].id: it is 100%% wrong", path) > 0);
	command = refusal(reason);
	assert_string_equal(command.file, path);
	assert_int_equal(command.line, 3);
	command = refusal("no/such/file.json:3: x: y");
	assert_string_equal(command.file, "");
	command = refusal("web: ssh: connect to host web1 port 22: No route to host");
	assert_string_equal(command.file, "");
	free(reason);
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	rmdir(folder);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_line_is_a_command_at_its_line),
		cmocka_unit_test(a_refusal_stands_at_its_mistake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
