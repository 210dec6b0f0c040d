/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"
#include "injector/host.h"
#include "injector/host_real.h"

/* Every file of /proc/PID is the input: stat, cmdline, cgroup and fdinfo; mountinfo, or a line of
 * it; a pidfile.
 */
static const uint8_t *file;
static size_t file_size;

int host_file_read(
	const char *path, size_t max_bytes, char **out_text, size_t *out_length, struct fail *fail)
{
	if (file_size > max_bytes)
		return fail_set(fail, FAIL_REFUSED, "%s: too long", path);
	*out_text = fuzz_text(file, file_size);
	*out_length = file_size;
	return 0;
}

int64_t host_wall_ns(void)
{
	return 0;
}

static void read_mount(const char *text)
{
	static const char *const places[] = {"/sys/fs/cgroup/lab", "/", "/a b/c"};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char *line = fuzz_text((const uint8_t *)text, strlen(text));
		char *found = real_mount_below(line, places[i]);

		free(found);
		free(line);
		line = fuzz_text((const uint8_t *)text, strlen(text));
		free(real_mount_above(line, places[i]));
		free(line);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct host_process process;
	uint32_t device;
	int64_t pid;

	file = data;
	file_size = size;
	/* Any number: only what is read of it counts. */
	if (host_process_read(1, &process))
		host_process_deinit(&process);
	host_process_start(1);
	fuzz_require(host_process_parent(1) >= 0);
	if (real_pid_parse(text, &pid) == 0)
		fuzz_require(pid > 0);
	fuzz_require(real_fdinfo_number(text, "ino") >= -1);
	real_mount_device(text, 29, &device);
	read_mount(text);
	free(text);
	return 0;
}
