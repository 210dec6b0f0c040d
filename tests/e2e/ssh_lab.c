/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/e2e/ssh_lab.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/e2e/host_state.h"
#include "tests/programs.h"

#define CONTROLLER_NODE "client"

enum {
	NOBODY = 65534,
	START_WORDS_MAX = 20
};

/* --- keys ------------------------------------------------------------------------------ */

static void run_quietly(const char *const *argv)
{
	struct cli_result result;

	cli_run_program(argv, &result);
	if (result.code != 0)
		fail_msg("%s: exit %d\n%s", argv[0], result.code, result.err);
	cli_result_free(&result);
}

static char *make_client_key(const struct ssh_lab *lab)
{
	char path[128], public[136], *text = calloc(1, 512);
	FILE *file;

	snprintf(path, sizeof(path), "%s/id", lab->cli->dir);
	snprintf(public, sizeof(public), "%s.pub", path);
	run_quietly((const char *[]){
		"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", path, NULL});
	assert_int_equal(chown(path, lab->controller, (gid_t)-1), 0);
	assert_int_equal(chmod(lab->cli->dir, 0755), 0);
	file = fopen(public, "re");
	assert_non_null(file);
	assert_true(text && fgets(text, 512, file));
	fclose(file);
	return text;
}

/* For somebody else they are copied: the build may lie where only we may look. */
static void place_controller(struct ssh_lab *lab)
{
	char injector[512], home[128];

	if (!lab->controller) {
		snprintf(lab->program, sizeof(lab->program), "%s", cli_program("backburn"));
		return;
	}
	cli_copy_program(lab->cli, "backburn", lab->program, sizeof(lab->program));
	cli_copy_program(lab->cli, "backburn-injector", injector, sizeof(injector));
	snprintf(home, sizeof(home), "%s/home", lab->cli->dir);
	assert_int_equal(mkdir(home, 0700), 0);
	assert_int_equal(chown(home, lab->controller, (gid_t)-1), 0);
	assert_int_equal(mkdir(lab->cli->runs, 0755), 0);
	assert_int_equal(chown(lab->cli->runs, lab->controller, (gid_t)-1), 0);
}

static void address_text(const struct lab_node *node, char out[PREFIX_TEXT_MAX])
{
	prefix_format(&node->addresses[0], out);
	out[strcspn(out, "/")] = '\0';
}

/* Nothing of this machine's or this user's own configuration of ssh has a say. */
static void write_config(struct ssh_lab *lab)
{
	char text[1024], known[SSH_LAB_NODES_MAX * 256] = "", address[PREFIX_TEXT_MAX];

	for (size_t i = 0; i < lab->count; i++) {
		size_t used = strlen(known);

		address_text(&lab->nodes[i], address);
		snprintf(known + used, sizeof(known) - used, "%s %s\n", address, lab->hosts[i].key);
	}
	cli_write(lab->cli, "known_hosts", known);
	snprintf(text, sizeof(text),
		"BatchMode yes\nIdentitiesOnly yes\nIdentityAgent none\n"
		"IdentityFile %s/id\nUserKnownHostsFile %s/known_hosts\n"
		"GlobalKnownHostsFile /dev/null\nStrictHostKeyChecking yes\nLogLevel ERROR\n",
		lab->cli->dir, lab->cli->dir);
	snprintf(lab->config, sizeof(lab->config), "%s", cli_write(lab->cli, "ssh_config", text));
}

/* The lab file under another name; its path, valid as cli_write() says. */
static const char *rename_lab(const struct cli *cli, const struct ssh_lab_options *options)
{
	struct fail fail = FAIL_INIT;
	struct lab_file original;
	const char *path;
	cJSON *file;
	char *text;

	if (lab_file_load(options->lab_file, &original, &fail) < 0)
		fail_msg("%s", fail.text);
	file = cJSON_Parse(original.text);
	lab_file_deinit(&original);
	assert_non_null(file);
	cJSON_ReplaceItemInObject(file, "name", cJSON_CreateString(options->name));
	cJSON_DeleteItemFromObject(file, "$schema"); /* it lies beside the original */
	text = cJSON_Print(file);
	cJSON_Delete(file);
	path = cli_write(cli, "lab.json", text);
	free(text);
	return path;
}

/* --- up and down ----------------------------------------------------------------------- */

void ssh_lab_up(struct ssh_lab *lab, const struct cli *cli, const struct ssh_lab_options *options)
{
	struct fail fail = FAIL_INIT;
	char *key, log[128], path[256];

	snprintf(path, sizeof(path), "%s", rename_lab(cli, options));
	*lab = (struct ssh_lab){.cli = cli, .controller = options->controller};
	if (lab_file_load(path, &lab->file, &fail) < 0)
		fail_msg("%s", fail.text);
	lab->state_before = host_state(lab->file.name);
	lab->programs_before = programs_list();
	lab->count = lab->file.nodes.count;
	assert_true(lab->count <= SSH_LAB_NODES_MAX);
	run_quietly((const char *[]){cli_program("backburn"), "lab", "up", path, NULL});
	key = make_client_key(lab);
	for (size_t i = 0; i < lab->count; i++) {
		lab_node(&lab->file, i, &lab->nodes[i]);
		snprintf(log, sizeof(log), "%s/%.32s.sshd", cli->dir, lab->nodes[i].name);
		ssh_host_up(&lab->hosts[i],
			&(struct ssh_host_options){.netns = lab->nodes[i].netns,
				.client_key = key,
				.log = log,
				.sudoers = options->sudoers,
				.bare = options->bare});
	}
	free(key);
	write_config(lab);
	place_controller(lab);
}

void ssh_lab_down(struct ssh_lab *lab)
{
	for (size_t i = 0; i < lab->count; i++)
		ssh_host_down(&lab->hosts[i]);
	run_quietly((const char *[]){cli_program("backburn"), "lab", "down", lab->file.name, NULL});
	assert_no_new_programs(lab->programs_before);
	assert_host_state(lab->file.name, lab->state_before);
	lab_file_deinit(&lab->file);
}

/* --- the environment, and the controller ----------------------------------------------- */

static cJSON *connect_words(const struct ssh_lab *lab, size_t index, enum ssh_way way)
{
	char address[PREFIX_TEXT_MAX], target[PREFIX_TEXT_MAX + 16];
	cJSON *words;

	address_text(&lab->nodes[index], address);
	snprintf(target, sizeof(target), "%s@%s", way == SSH_AS_ROOT ? "root" : SSH_HOST_USER,
		address);
	words = cJSON_CreateStringArray(
		(const char *[]){"ssh", "-F", lab->config, target, "--", "sudo", "-n"},
		way == SSH_AS_ROOT ? 5 : 7);
	assert_non_null(words);
	return words;
}

const char *ssh_lab_environment(const struct ssh_lab *lab, enum ssh_way way)
{
	cJSON *environment = cJSON_CreateObject(), *hosts, *nodes;
	const char *path;
	char *text;

	cJSON_AddNumberToObject(environment, "backburn_environment", 1);
	cJSON_AddStringToObject(environment, "name", lab->file.name);
	cJSON_AddStringToObject(environment, "class", "shared");
	hosts = cJSON_AddObjectToObject(environment, "hosts");
	nodes = cJSON_AddObjectToObject(environment, "nodes");
	for (size_t i = 0; i < lab->count; i++) {
		const struct lab_node *node = &lab->nodes[i];
		cJSON *host = cJSON_AddObjectToObject(hosts, node->name);
		cJSON *entry = cJSON_AddObjectToObject(nodes, node->name);

		cJSON_AddItemToObject(host, "connect", connect_words(lab, i, way));
		cJSON_AddStringToObject(entry, "host", node->name);
		if (node->labels)
			cJSON_AddItemToObject(entry, "labels", cJSON_Duplicate(node->labels, true));
	}
	text = cJSON_Print(environment);
	assert_non_null(text);
	path = cli_write(lab->cli, way == SSH_AS_ROOT ? "env-root.json" : "env-sudo.json", text);
	free(text);
	cJSON_Delete(environment);
	return path;
}

static size_t add_words(const char **argv, size_t count, const char *const *words)
{
	for (; *words; words++) {
		assert_true(count < CLI_ARGS_MAX + START_WORDS_MAX - 1);
		argv[count++] = *words;
	}
	return count;
}

void ssh_lab_start(const struct ssh_lab *lab, const char *const *args, struct cli_process *process)
{
	const char *argv[CLI_ARGS_MAX + START_WORDS_MAX] = {NULL};
	char netns[LAB_PATH_MAX + 8], path[LAB_PATH_MAX], home[128];
	size_t count;

	snprintf(netns, sizeof(netns), "--net=%s",
		lab_path_netns(lab->file.name, CONTROLLER_NODE, path));
	snprintf(home, sizeof(home), "HOME=%s/home", lab->cli->dir);
	count = add_words(argv, 0, (const char *[]){"nsenter", netns, "--", NULL});
	if (lab->controller) {
		assert_int_equal(lab->controller, NOBODY);
		count = add_words(argv, count,
			(const char *[]){"setpriv", "--reuid=65534", "--regid=65534",
				"--clear-groups", "--bounding-set=-all", "--inh-caps=-all",
				"--no-new-privs", "--", "env", "-i", home, "PATH=/usr/bin:/bin",
				NULL});
	}
	argv[count++] = lab->program;
	add_words(argv, count, args);
	cli_start_program(argv, process);
}

void ssh_lab_run(const struct ssh_lab *lab, const char *const *args, struct cli_result *result)
{
	struct cli_process process;

	ssh_lab_start(lab, args, &process);
	cli_wait(&process, 240, result);
}

const struct ssh_host *ssh_lab_host(const struct ssh_lab *lab, const char *node)
{
	int index = lab_file_find(&lab->file, node);

	assert_true(index >= 0);
	return &lab->hosts[index];
}

/* --- the way between ------------------------------------------------------------------- */

static void in_hub(const struct ssh_lab *lab, const char *const *words, struct cli_result *result)
{
	const char *argv[CLI_ARGS_MAX] = {"nsenter"};
	char netns[LAB_PATH_MAX + 8], path[LAB_PATH_MAX];
	size_t count = 3;

	snprintf(netns, sizeof(netns), "--net=%s", lab_path_netns(lab->file.name, NULL, path));
	argv[1] = netns;
	argv[2] = "--";
	for (; *words; words++)
		argv[count++] = *words;
	cli_run_program(argv, result);
	if (result->code != 0)
		fail_msg("%s: exit %d\n%s", argv[3], result->code, result->err);
}

static void table_name(const char *node, char out[64])
{
	snprintf(out, 64, "lose_%.40s", node);
	for (char *c = out; *c; c++)
		if (*c == '-')
			*c = '_';
}

void ssh_lab_lose(const struct ssh_lab *lab, const char *node, int percent)
{
	int index = lab_file_find(&lab->file, node);
	char text[1024], table[64], share[64] = "", address[PREFIX_TEXT_MAX];
	struct cli_result result;

	assert_true(index >= 0);
	table_name(node, table);
	address_text(&lab->nodes[index], address);
	if (percent < 100)
		snprintf(share, sizeof(share), "numgen random mod 100 < %d", percent);
	snprintf(text, sizeof(text),
		"table bridge %s { chain way { type filter hook forward priority 0;\n"
		"ip saddr %s tcp sport 22 %s counter drop\n"
		"ip daddr %s tcp dport 22 %s counter drop\n}\n}\n",
		table, address, share, address, share);
	in_hub(lab, (const char *[]){"nft", "-f", cli_write(lab->cli, "lose.nft", text), NULL},
		&result);
	cli_result_free(&result);
}

uint64_t ssh_lab_lost(const struct ssh_lab *lab, const char *node)
{
	struct cli_result result;
	uint64_t sum = 0, packets;
	char table[64];

	table_name(node, table);
	in_hub(lab, (const char *[]){"nft", "list", "table", "bridge", table, NULL}, &result);
	for (const char *at = result.out; (at = strstr(at, "packets ")); at++)
		if (sscanf(at, "packets %" SCNu64, &packets) == 1)
			sum += packets;
	cli_result_free(&result);
	return sum;
}

void ssh_lab_mend(const struct ssh_lab *lab, const char *node)
{
	struct cli_result result;
	char table[64];

	table_name(node, table);
	in_hub(lab, (const char *[]){"nft", "delete", "table", "bridge", table, NULL}, &result);
	cli_result_free(&result);
}
