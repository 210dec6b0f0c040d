/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/e2e/cli.h"
#include "tests/e2e/host_state.h"
#include "tests/programs.h"

/*
 * A lab of two servers that demand a token, probed in every way while one of them is cut off. Each
 * member is reported apart, and the secrets stand in no file of the run, no output, no command
 * line and no environment.
 */

#define CORE "s3cr3t-c0re" /* what all secrets of this test have in common */
#define TOKEN "token-" CORE "-{n}"
#define WRONG "wrong-" CORE
#define REQUEST "GET /" CORE " HTTP/1.1\r\n\r\n"

static uint64_t hash_of(const char *text)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return hash;
}

/* --- looking for it -------------------------------------------------------------------- */

/* Whether a file of any kind holds the secret; one that can't be read does not. */
static bool holds_secret(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	size_t size = 16 * 1024 * 1024, used = 0;
	char *text = malloc(size);
	ssize_t count;
	bool found;

	assert_non_null(text);
	while (fd >= 0 && used < size && (count = read(fd, text + used, size - used)) > 0)
		used += (size_t)count;
	if (fd >= 0)
		close(fd);
	found = memmem(text, used, CORE, strlen(CORE)) != NULL;
	free(text);
	return found;
}

static int files_seen;

static int look_into(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)walk;
	if (type != FTW_F)
		return 0;
	files_seen++;
	if (holds_secret(path))
		fail_msg("the secret stands in %s", path);
	return 0;
}

/* What `ps e` shows of every process of this machine; how many of them are backburn's. */
static int look_at_processes(void)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;
	int ours = 0;

	assert_non_null(proc);
	while ((entry = readdir(proc))) {
		char cmdline[64], path[64], text[256] = "";
		int fd;

		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		snprintf(cmdline, sizeof(cmdline), "/proc/%.20s/cmdline", entry->d_name);
		snprintf(path, sizeof(path), "/proc/%.20s/environ", entry->d_name);
		fd = open(cmdline, O_RDONLY | O_CLOEXEC);
		if (fd >= 0) {
			if (read(fd, text, sizeof(text) - 1) < 0)
				text[0] = '\0';
			close(fd);
		}
		ours += strstr(text, "backburn") != NULL;
		if (holds_secret(cmdline) || holds_secret(path))
			fail_msg("the secret is shown by %s (%s)", path, text);
	}
	closedir(proc);
	return ours;
}

/* --- the run --------------------------------------------------------------------------- */

struct stage {
	struct cli cli;
	char scenario[512], environment[512];
	char *host_before, *programs_before;
};

static void write_lab(struct stage *stage)
{
	char *text = NULL;

	assert_true(
		asprintf(&text,
			"{\"backburn_lab\":1,\"name\":\"members\",\"subnet\":\"10.79.0.0/24\","
			"\"nodes\":{\"s1\":{\"labels\":{\"role\":\"server\"},\"services\":{\"web\":"
			"{\"argv\":[\"%s\",\"{node.addr}\",\"8000\",\"%llx\"],\"ready\":{\"tcp\":"
			"\"{node.addr}:8000\"}}}},\"s2\":{\"labels\":{\"role\":\"server\"},"
			"\"services\":{\"web\":{\"argv\":[\"%s\",\"{node.addr}\",\"8000\",\"%llx\"]"
			","
			"\"ready\":{\"tcp\":\"{node.addr}:8000\"}}}},\"client\":{}}}",
			TOKEN_SERVER, (unsigned long long)hash_of(TOKEN), TOKEN_SERVER,
			(unsigned long long)hash_of(TOKEN)) > 0);
	cli_write(&stage->cli, "lab.json", text);
	free(text);
	snprintf(stage->environment, sizeof(stage->environment), "%s",
		cli_write(&stage->cli, "env.json",
			"{\"backburn_environment\":1,\"name\":\"members\",\"class\":\"lab\","
			"\"lab\":\"lab.json\"}"));
}

static void stage_begin(struct stage *stage)
{
	char *scenario;

	stage->host_before = host_state("members");
	stage->programs_before = programs_list();
	cli_begin(&stage->cli);
	write_lab(stage);
	cli_write(&stage->cli, "url.txt", "http://10.79.0.2:8000/" CORE "\n");
	scenario =
		cli_replaced(cli_file("tests/e2e/files/members.json"), "secret-url.txt", "url.txt");
	snprintf(stage->scenario, sizeof(stage->scenario), "%s",
		cli_write(&stage->cli, "members.json", scenario));
	free(scenario);
}

static void stage_end(struct stage *stage)
{
	assert_no_new_programs(stage->programs_before);
	assert_host_state("members", stage->host_before);
	cli_end(&stage->cli);
}

static void start_run(struct stage *stage, struct cli_process *process)
{
	cli_start((const char *[]){"run", stage->scenario, "--on", stage->environment, "--runs",
			  stage->cli.runs, NULL},
		process);
}

static const cJSON *probe_of(const cJSON *summary, const char *name, const char *to)
{
	const cJSON *probe;

	cJSON_ArrayForEach(probe, cJSON_GetObjectItem(summary, "probes")) {
		const cJSON *member = cJSON_GetObjectItem(probe, "to");

		if (strcmp(cJSON_GetObjectItem(probe, "probe")->valuestring, name) == 0 &&
			(to ? member && strcmp(member->valuestring, to) == 0 : !member))
			return probe;
	}
	fail_msg("summary.json has no probe %s to %s", name, to ? to : "anybody");
	return NULL;
}

static double count_of(const cJSON *summary, const char *name, const char *to, const char *outcome)
{
	const cJSON *outcomes = cJSON_GetObjectItem(probe_of(summary, name, to), "outcomes");

	return cJSON_GetObjectItem(outcomes, outcome)->valuedouble;
}

static double events_of(const cJSON *summary, const char *name, const char *to)
{
	return cJSON_GetObjectItem(probe_of(summary, name, to), "events")->valuedouble;
}

static void members_are_told_apart(const cJSON *summary)
{
	/* Of 9 s one third was cut; a busy machine may lose a few events more. */
	assert_true(count_of(summary, "each", "s1", "ok") > 400);
	assert_true(count_of(summary, "each", "s2", "timeout") > 100);
	assert_true(3 * count_of(summary, "each", "s1", "timeout") <
		count_of(summary, "each", "s2", "timeout"));
	assert_true(count_of(summary, "each", "s2", "ok") > 200);
	assert_true(count_of(summary, "port", "s1", "ok") > 400);
	assert_true(count_of(summary, "port", "s2", "timeout") > 100);
	assert_true(count_of(summary, "runs", NULL, "ok") > 150);
}

/* What these probes get back has the secret in it, so that an error could tell. */
static void hostile_answers_were_seen(const cJSON *summary)
{
	assert_true(count_of(summary, "unwelcome", NULL, "content") > 40);
	assert_true(count_of(summary, "said", NULL, "content") > 20);
	assert_true(count_of(summary, "hidden", NULL, "status") > 80);
	assert_true(count_of(summary, "program", NULL, "content") > 80);
	assert_int_equal((int)events_of(summary, "program", NULL),
		(int)(count_of(summary, "program", NULL, "content") +
			count_of(summary, "program", NULL, "timeout")));
	assert_string_equal(
		cJSON_GetObjectItem(probe_of(summary, "program", NULL), "last_error")->valuestring,
		"what it wrote does not equal \"something else\"");
}

static void no_secret_is_told_and_members_are_told_apart(void **state)
{
	(void)state;
	struct stage stage;
	struct cli_process process;
	struct cli_result result;
	cJSON *journal, *summary;

	stage_begin(&stage);
	setenv("BACKBURN_TEST_TOKEN", TOKEN, 1);
	setenv("BACKBURN_TEST_WRONG", WRONG, 1);
	setenv("BACKBURN_TEST_REQUEST", REQUEST, 1);
	start_run(&stage, &process);
	/* While the lab's services, injectors, probers and programs run. */
	journal = cli_await_event(&stage.cli, "phase_started", "phase", "before", 60);
	cJSON_Delete(journal);
	for (int i = 0; i < 20; i++) {
		assert_true(look_at_processes() >= 5);
		nanosleep(&(struct timespec){.tv_nsec = 100 * 1000 * 1000L}, NULL);
	}
	nftw(stage.cli.runs, look_into, 16, FTW_PHYS);
	nftw("/run/backburn", look_into, 16, FTW_PHYS);
	cli_wait(&process, 120, &result);
	if (result.code != 0)
		fail_msg("exit %d\n%s\n%s", result.code, result.err, result.out);
	files_seen = 0;
	nftw(stage.cli.runs, look_into, 16, FTW_PHYS);
	assert_true(files_seen >= 8); /* the journal, the plan, and every form of the report */
	assert_null(strstr(result.out, CORE));
	assert_null(strstr(result.err, CORE));
	summary = cli_summary(&stage.cli);
	members_are_told_apart(summary);
	hostile_answers_were_seen(summary);
	cJSON_Delete(summary);
	cli_result_free(&result);
	stage_end(&stage);
}

/* A token with a line end would be a second header: refused, and not quoted. */
static void a_refusal_does_not_quote_the_secret(void **state)
{
	(void)state;
	struct stage stage;
	struct cli_process process;
	struct cli_result result;

	stage_begin(&stage);
	setenv("BACKBURN_TEST_TOKEN", TOKEN, 1);
	setenv("BACKBURN_TEST_WRONG", WRONG "\r\nHost: evil", 1);
	setenv("BACKBURN_TEST_REQUEST", REQUEST, 1);
	start_run(&stage, &process);
	cli_wait(&process, 120, &result);
	if (result.code != 4)
		fail_msg("exit %d\n%s\n%s", result.code, result.err, result.out);
	assert_non_null(strstr(result.out, "what is put in has a line end"));
	assert_null(strstr(result.out, CORE));
	assert_null(strstr(result.err, CORE));
	nftw(stage.cli.runs, look_into, 16, FTW_PHYS);
	cli_result_free(&result);
	stage_end(&stage);
}

static void a_missing_secret_touches_nothing(void **state)
{
	(void)state;
	struct stage stage;
	struct cli_process process;
	struct cli_result result;

	stage_begin(&stage);
	setenv("BACKBURN_TEST_TOKEN", TOKEN, 1);
	unsetenv("BACKBURN_TEST_WRONG");
	start_run(&stage, &process);
	cli_wait(&process, 60, &result);
	assert_int_equal(result.code, 4);
	assert_string_equal(result.err,
		"backburn: secret \"wrong\": the environment variable BACKBURN_TEST_WRONG is not "
		"set\n");
	assert_int_not_equal(access(stage.cli.runs, F_OK), 0);
	cli_result_free(&result);
	stage_end(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_secret_is_told_and_members_are_told_apart),
		cmocka_unit_test(a_refusal_does_not_quote_the_secret),
		cmocka_unit_test(a_missing_secret_touches_nothing),
	};
	int unavailable = cli_unavailable();

	if (unavailable)
		return unavailable;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
