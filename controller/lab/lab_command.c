/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/lab/lab_command.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract/file.h"
#include "contract/memory.h"
#include "controller/lab/lab_paths.h"

#define SEARCH_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define DEFAULT_USER "nobody"

/* Looked up in a fixed list: what a lab runs must not depend on the caller's PATH. */
static char *find_program(const char *name)
{
	static const char search[] = SEARCH_PATH;
	char path[PATH_MAX];

	if (strchr(name, '/'))
		return access(name, X_OK) == 0 ? realpath(name, NULL) : NULL;
	for (const char *part = search; part; part = strchr(part, ':')) {
		part += *part == ':';
		snprintf(path, sizeof(path), "%.*s/%s", (int)strcspn(part, ":"), part, name);
		if (access(path, X_OK) == 0)
			return must_copy(path);
	}
	return NULL;
}

static const char *user_of(const struct lab_service *service)
{
	return service->user ? service->user : DEFAULT_USER;
}

static int find_user(const char *name, uid_t *uid, gid_t *gid, struct fail *fail)
{
	const struct passwd *entry = getpwnam(name);

	if (!entry)
		return fail_set(
			fail, FAIL_REFUSED, "there is no user \"%s\" on this machine", name);
	*uid = entry->pw_uid;
	*gid = entry->pw_gid;
	return 0;
}

static int expand_argv(struct lab_command *command, const struct lab_file *file, size_t node,
	const struct list *argv, struct fail *fail)
{
	size_t count = 0;

	command->argv = must_array(argv->count + 1, sizeof(char *));
	LIST_EACH(*argv, char *, argument) {
		if (lab_file_expand(file, node, *argument, &command->argv[count++], fail) < 0)
			return -1;
	}
	assert(count > 0); /* a file with an empty argv was refused */
	return 0;
}

static char *join(const char *name, const char *value)
{
	char *text = NULL;

	if (asprintf(&text, "%s=%s", name, value) < 0)
		abort();
	return text;
}

/* Nothing of the caller's environment: proxies, locale and preloads would leak into the lab. */
static int expand_env(struct lab_command *command, const struct lab_file *file, size_t node,
	const cJSON *env, struct fail *fail)
{
	char directory[LAB_PATH_MAX];
	size_t count = 0;
	const cJSON *member;

	command->envp = must_array((size_t)cJSON_GetArraySize(env) + 4, sizeof(char *));
	lab_path_node_dir(file->name, lab_file_node(file, node)->name, directory);
	if (!cJSON_GetObjectItemCaseSensitive(env, "PATH"))
		command->envp[count++] = join("PATH", SEARCH_PATH);
	if (!cJSON_GetObjectItemCaseSensitive(env, "LANG"))
		command->envp[count++] = join("LANG", "C.UTF-8");
	if (!cJSON_GetObjectItemCaseSensitive(env, "HOME"))
		command->envp[count++] = join("HOME", directory);
	cJSON_ArrayForEach(member, env) {
		char *value = NULL;

		if (lab_file_expand(file, node, member->valuestring, &value, fail) < 0)
			return -1;
		command->envp[count++] = join(member->string, value);
		free(value);
	}
	return 0;
}

int lab_command_init(struct lab_command *command, const struct lab_file *file, size_t node,
	const struct lab_service *service, struct fail *fail)
{
	struct lab_command made = {.log = -1};

	if (find_user(user_of(service), &made.uid, &made.gid, fail) < 0 ||
		expand_argv(&made, file, node, &service->argv, fail) < 0 ||
		expand_env(&made, file, node, service->env, fail) < 0)
		goto bad;
	made.program = find_program(made.argv[0]);
	if (!made.program) {
		fail_set(fail, FAIL_REFUSED, "there is no program \"%s\" on this machine",
			made.argv[0]);
		goto bad;
	}
	made.user = must_copy(user_of(service));
	*command = made;
	return 0;
bad:
	fail_context(fail, "lab %s: node %s: service %s", file->name,
		lab_file_node(file, node)->name, service->name);
	lab_command_deinit(&made);
	return -1;
}

static void free_strings(char **strings)
{
	for (char **string = strings; string && *string; string++)
		free(*string);
	free(strings);
}

void lab_command_deinit(struct lab_command *command)
{
	free(command->program);
	free(command->user);
	free_strings(command->argv);
	free_strings(command->envp);
	if (command->log >= 0)
		close(command->log);
	*command = (struct lab_command){.log = -1};
}

/* A service may rewrite its own configuration (sentinels do): the file belongs to its user. */
static int write_files(const struct lab_file *file, size_t node, const struct lab_service *service,
	int directory, struct fail *fail)
{
	const cJSON *member;
	uid_t uid = (uid_t)-1;
	gid_t gid = (gid_t)-1;

	if (!service->files)
		return 0;
	if (find_user(user_of(service), &uid, &gid, fail) < 0)
		return -1;
	cJSON_ArrayForEach(member, service->files) {
		int fd, error = 0;
		char *text = NULL;

		if (lab_file_expand(file, node, member->valuestring, &text, fail) < 0)
			return -1;
		fd = openat(directory, member->string,
			O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
		if (fd < 0 || file_write(fd, text, strlen(text)) < 0 || fchown(fd, uid, gid) < 0)
			error = errno;
		free(text);
		if (fd >= 0)
			close(fd);
		if (error)
			return fail_errno(fail, error, "writing %s", member->string);
	}
	return 0;
}

/* With services of several users the directory is shared as /tmp is. */
static int own_directory(const struct lab_node_spec *spec, int directory, struct fail *fail)
{
	const struct lab_service *first = spec->services.items;
	bool shared = false;
	uid_t uid = (uid_t)-1;
	gid_t gid = (gid_t)-1;

	if (!first)
		return 0;
	LIST_EACH(spec->services, struct lab_service, service)
		shared = shared || strcmp(user_of(service), user_of(first)) != 0;
	if (shared)
		return fchmod(directory, 01777) < 0 ? fail_errno(fail, errno, "%s", spec->name) : 0;
	if (find_user(user_of(first), &uid, &gid, fail) < 0)
		return -1;
	return fchown(directory, uid, gid) < 0 ? fail_errno(fail, errno, "%s", spec->name) : 0;
}

static int open_node_dir(const struct lab_file *file, size_t node, struct fail *fail)
{
	char path[LAB_PATH_MAX];
	int fd;

	lab_path_node_dir(file->name, lab_file_node(file, node)->name, path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? fail_errno(fail, errno, "%s", path) : fd;
}

int lab_command_prepare_node(const struct lab_file *file, size_t node, struct fail *fail)
{
	const struct lab_node_spec *spec = lab_file_node(file, node);
	char path[LAB_PATH_MAX];
	int directory, outcome = 0;

	lab_path_node_dir(file->name, spec->name, path);
	if (mkdir(path, 0755) < 0)
		return fail_errno(fail, errno, "%s", path);
	directory = open_node_dir(file, node, fail);
	if (directory < 0)
		return -1;
	LIST_EACH(spec->services, struct lab_service, service) {
		if (outcome == 0)
			outcome = write_files(file, node, service, directory, fail);
	}
	if (outcome == 0)
		outcome = own_directory(spec, directory, fail);
	close(directory);
	return outcome;
}

int lab_log_open(const struct lab_file *file, size_t node, const char *service, struct fail *fail)
{
	int directory = open_node_dir(file, node, fail);
	char name[LAB_NODE_NAME_MAX + 8];
	struct stat status;
	int fd, error;

	if (directory < 0)
		return -1;
	snprintf(name, sizeof(name), "%s.log", service);
	fd = openat(directory, name, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
	error = fd < 0 ? errno : 0;
	close(directory);
	if (fd >= 0 &&
		(fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || status.st_nlink != 1)) {
		close(fd);
		error = ELOOP;
	}
	return error ? fail_errno(fail, error, "log of service %s", service) : fd;
}
