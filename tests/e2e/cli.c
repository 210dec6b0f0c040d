/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/e2e/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	SKIPPED = 77,
	NOT_STEADY = 6, /* exit code */
	TRIES = 3
};

/* --- places ---------------------------------------------------------------------------- */

static const char *from_environment(const char *name)
{
	const char *value = getenv(name);

	if (!value)
		fail_msg("%s is not set: run the tests through ctest", name);
	return value;
}

static char *next_buffer(void)
{
	static char buffers[8][512];
	static unsigned turn;

	return buffers[turn++ % 8];
}

const char *cli_file(const char *name)
{
	char *buffer = next_buffer();

	snprintf(buffer, 512, "%s/%s", from_environment("BACKBURN_SOURCE"), name);
	return buffer;
}

int cli_unavailable(void)
{
	if (geteuid() == 0)
		return 0;
	puts("skipped: needs root, since a lab is made of network namespaces");
	return SKIPPED;
}

void cli_begin(struct cli *cli)
{
	snprintf(cli->dir, sizeof(cli->dir), "/tmp/backburn-test-XXXXXX");
	assert_non_null(mkdtemp(cli->dir));
	snprintf(cli->runs, sizeof(cli->runs), "%s/runs", cli->dir);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

void cli_end(struct cli *cli)
{
	nftw(cli->dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

const char *cli_write(const struct cli *cli, const char *name, const char *text)
{
	char *path = next_buffer();
	FILE *file;

	snprintf(path, 512, "%s/%s", cli->dir, name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	return path;
}

/* --- running --------------------------------------------------------------------------- */

char *cli_taken(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *text = calloc(1, (size_t)size + 1);

	assert_non_null(text);
	assert_int_equal(pread(fd, text, (size_t)size, 0), size);
	close(fd);
	return text;
}

void cli_start_program(const char *const *argv, struct cli_process *process)
{
	posix_spawn_file_actions_t actions;

	process->out = memfd_create("stdout", MFD_CLOEXEC);
	process->err = memfd_create("stderr", MFD_CLOEXEC);
	assert_true(process->out >= 0 && process->err >= 0);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, process->out, 1);
	posix_spawn_file_actions_adddup2(&actions, process->err, 2);
	assert_int_equal(posix_spawnp(&process->pid, argv[0], &actions, NULL,
				 (char *const *)(uintptr_t)argv, environ),
		0);
	posix_spawn_file_actions_destroy(&actions);
}

const char *cli_program(const char *name)
{
	char *buffer = next_buffer();

	snprintf(buffer, 512, "%s/bin/%s", from_environment("BACKBURN_BUILD"), name);
	return buffer;
}

void cli_start(const char *const *args, struct cli_process *process)
{
	const char *argv[CLI_ARGS_MAX + 2] = {cli_program("backburn")};
	size_t count = 1;

	for (; *args; args++) {
		assert_true(count < CLI_ARGS_MAX);
		argv[count++] = *args;
	}
	cli_start_program(argv, process);
}

void cli_pause_ms(int ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

int64_t cli_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool cli_has_ended(const struct cli_process *process)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
		info.si_pid == process->pid;
}

void cli_wait(struct cli_process *process, int within_s, struct cli_result *result)
{
	int64_t until_ms = cli_now_ms() + within_s * INT64_C(1000);
	int status = 0;
	pid_t got;

	while ((got = waitpid(process->pid, &status, WNOHANG)) == 0 && cli_now_ms() < until_ms)
		cli_pause_ms(20);
	if (got == 0) {
		kill(process->pid, SIGKILL);
		waitpid(process->pid, &status, 0);
		print_error("stderr so far:\n%s\n", cli_taken(process->err));
		fail_msg("still running after %d s", within_s);
	}
	result->code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	result->out = cli_taken(process->out);
	result->err = cli_taken(process->err);
}

void cli_run(const char *const *args, struct cli_result *result)
{
	struct cli_process process;

	cli_start(args, &process);
	cli_wait(&process, 240, result);
}

static void assert_nothing_armed(const struct cli *cli, const struct cli_result *result)
{
	cJSON *journal = cli_journal(cli);

	if (!strstr(result->out, "NOT STEADY BEFORE"))
		fail_msg("exit %d, and it does not say why:\n%s\n%s", result->code, result->err,
			result->out);
	assert_non_null(cli_event(journal, "run_ended", NULL, NULL));
	assert_null(cli_event(journal, "fault_arming", NULL, NULL));
	cJSON_Delete(journal);
}

void cli_run_steady(const struct cli *cli, const char *const *args, struct cli_result *result)
{
	for (int try = 1;; try++) {
		cli_run(args, result);
		if (result->code != NOT_STEADY || try == TRIES)
			return;
		assert_nothing_armed(cli, result);
		print_message("not steady before, in try %d of %d:\n%s\n", try, TRIES, result->out);
		cli_result_free(result);
		nftw(cli->runs, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	}
}

void cli_run_program(const char *const *argv, struct cli_result *result)
{
	struct cli_process process;

	cli_start_program(argv, &process);
	cli_wait(&process, 240, result);
}

void cli_copy_program(const struct cli *cli, const char *name, char *out, size_t size)
{
	char from[512];
	struct stat status = {0};
	int source, target;

	snprintf(from, sizeof(from), "%s/bin/%s", from_environment("BACKBURN_BUILD"), name);
	snprintf(out, size, "%s/%s", cli->dir, name);
	source = open(from, O_RDONLY | O_CLOEXEC);
	target = open(out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	assert_true(source >= 0 && target >= 0);
	assert_int_equal(fstat(source, &status), 0);
	for (off_t at = 0; at < status.st_size;)
		assert_true(sendfile(target, source, &at, (size_t)(status.st_size - at)) > 0);
	close(source);
	assert_int_equal(close(target), 0);
}

void cli_as_nobody(const struct cli *cli, const char *const *args, struct cli_result *result)
{
	const char *argv[CLI_ARGS_MAX] = {
		"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"};
	char program[512], injector[512];
	size_t count = 5;

	cli_copy_program(cli, "backburn-injector", injector, sizeof(injector));
	cli_copy_program(cli, "backburn", program, sizeof(program));
	assert_int_equal(chmod(cli->dir, 0777), 0);
	for (argv[count++] = program; *args; args++) {
		assert_true(count < CLI_ARGS_MAX - 1);
		argv[count++] = *args;
	}
	cli_run_program(argv, result);
}

void cli_result_free(struct cli_result *result)
{
	free(result->out);
	free(result->err);
}

const char *cli_lab_as(const struct cli *cli, const char *lab, const char *name)
{
	static const char key[] = "\"name\": \"";
	char from[64], file[64], environment[160], *text, *place, *rest, *renamed;

	snprintf(from, sizeof(from), "scenarios/labs/%s.json", lab);
	text = cli_read(cli_file(from));
	place = strstr(text, key);
	assert_non_null(place);
	place += strlen(key);
	rest = strchr(place, '"');
	assert_non_null(rest);
	assert_true(asprintf(&renamed, "%.*s%s%s", (int)(place - text), text, name, rest) > 0);
	snprintf(file, sizeof(file), "%s.json", name);
	cli_write(cli, file, renamed);
	free(renamed);
	free(text);
	snprintf(environment, sizeof(environment),
		"{\"backburn_environment\": 1, \"name\": \"on-%s\", \"class\": \"lab\", \"lab\": "
		"\"%s\"}",
		name, file);
	snprintf(file, sizeof(file), "on-%s.json", name);
	return cli_write(cli, file, environment);
}

int cli_labs_down(const char *const *labs)
{
	for (; *labs; labs++) {
		struct cli_result result;

		cli_run((const char *[]){"lab", "down", *labs, NULL}, &result);
		cli_result_free(&result);
	}
	return 0;
}

int cli_in_node(const char *lab, const char *node, const char *const *args)
{
	const char *argv[CLI_ARGS_MAX] = {"lab", "exec", lab, node, "--"};
	struct cli_result result;
	size_t count = 5;
	int code;

	while (*args)
		argv[count++] = *args++;
	argv[count] = NULL;
	cli_run(argv, &result);
	code = result.code;
	cli_result_free(&result);
	return code;
}

/* --- what a run wrote ------------------------------------------------------------------ */

static bool only_run(const struct cli *cli, const char *name, char *out, size_t size)
{
	char pattern[256];
	glob_t matches;
	bool found;

	snprintf(pattern, sizeof(pattern), "%s/2*/%s", cli->runs, name);
	found = glob(pattern, 0, NULL, &matches) == 0 && matches.gl_pathc == 1;
	if (found) {
		snprintf(out, size, "%s", matches.gl_pathv[0]);
		globfree(&matches);
	}
	return found;
}

const char *cli_only_run(const struct cli *cli)
{
	static char path[256];

	assert_true(only_run(cli, "", path, sizeof(path)));
	return path;
}

char *cli_read(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fail_msg("%s: %s", path, strerror(errno));
	return cli_taken(fd);
}

cJSON *cli_summary(const struct cli *cli)
{
	char path[512];
	cJSON *summary;
	char *text;

	assert_true(only_run(cli, "summary.json", path, sizeof(path)));
	text = cli_read(path);
	summary = cJSON_Parse(text);
	free(text);
	assert_non_null(summary);
	return summary;
}

cJSON *cli_journal(const struct cli *cli)
{
	cJSON *events = cJSON_CreateArray();
	char path[512], *text, *save = NULL;

	if (!only_run(cli, "journal.ndjson", path, sizeof(path)) || access(path, R_OK) < 0)
		return events;
	text = cli_read(path);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		cJSON *event = cJSON_Parse(line);

		if (event) /* the last line may be on its way */
			cJSON_AddItemToArray(events, event);
	}
	free(text);
	return events;
}

double cli_number(const cJSON *object, const char *key)
{
	const cJSON *item = cJSON_GetObjectItem(object, key);

	if (!cJSON_IsNumber(item))
		fail_msg("no number \"%s\"", key);
	return cJSON_GetNumberValue(item);
}

const char *cli_text(const cJSON *object, const char *key)
{
	const cJSON *item = cJSON_GetObjectItem(object, key);

	if (!cJSON_IsString(item))
		fail_msg("no text \"%s\"", key);
	return cJSON_GetStringValue(item);
}

const cJSON *cli_first(const cJSON *object, const char *list)
{
	const cJSON *item = cJSON_GetArrayItem(cJSON_GetObjectItem(object, list), 0);

	if (!item)
		fail_msg("nothing under \"%s\"", list);
	return item;
}

const cJSON *cli_item(const cJSON *list, const char *key, const char *value)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, list) {
		if (strcmp(cli_text(item, key), value) == 0)
			return item;
	}
	fail_msg("nothing whose %s is %s", key, value);
	return NULL;
}

int cli_confirmed(const cJSON *summary)
{
	const cJSON *revert;
	int count = 0;

	cJSON_ArrayForEach(revert, cJSON_GetObjectItem(summary, "revert")) {
		count += cJSON_IsTrue(cJSON_GetObjectItem(revert, "confirmed"));
	}
	return count;
}

const cJSON *cli_event(const cJSON *journal, const char *type, const char *key, const char *value)
{
	const cJSON *event;

	cJSON_ArrayForEach(event, journal) {
		const cJSON *member = key ? cJSON_GetObjectItem(event, key) : NULL;

		if (strcmp(cJSON_GetObjectItem(event, "event")->valuestring, type) == 0 &&
			(!key ||
				(cJSON_IsString(member) &&
					strcmp(member->valuestring, value) == 0)))
			return event;
	}
	return NULL;
}

cJSON *cli_await_event(
	const struct cli *cli, const char *type, const char *key, const char *value, int within_s)
{
	int64_t until_ms = cli_now_ms() + within_s * INT64_C(1000);

	for (;;) {
		cJSON *journal = cli_journal(cli);

		if (cli_event(journal, type, key, value))
			return journal;
		cJSON_Delete(journal);
		if (cli_now_ms() > until_ms)
			fail_msg("no event %s within %d s", type, within_s);
		cli_pause_ms(50);
	}
}

char *cli_replaced(const char *path, const char *what, const char *by)
{
	char *text = cli_read(path), *place, *result = NULL;

	place = strstr(text, what);
	if (!place)
		fail_msg("\"%s\" is not in %s", what, path);
	assert_true(asprintf(&result, "%.*s%s%s", (int)(place - text), text, by,
			    place + strlen(what)) > 0);
	free(text);
	return result;
}
