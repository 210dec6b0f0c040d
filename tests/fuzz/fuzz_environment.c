/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "controller/files/environment.h"
#include "controller/files/scenario.h"
#include "controller/lab/lab_file.h"
#include "fuzz.h"

/*
 * A file from its bytes: as an environment, and as a scenario that stands alone, with its places
 * in the error texts.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct environment environment;
	struct sources sources = {0};
	struct scenario scenario;
	struct fail fail = FAIL_INIT;
	char path[64], *lab = NULL;
	int fd = memfd_create("file", MFD_CLOEXEC);

	fuzz_require(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (environment_load(&environment, path, &lab, &fail) == 0) {
		environment_deinit(&environment);
		free(lab);
	} else {
		fuzz_require(fail.kind == FAIL_BAD_FILE && *fail.text);
	}
	fail = FAIL_INIT;
	if (scenario_load(&scenario, &sources, path, NULL, &fail) == 0)
		scenario_deinit(&scenario);
	else
		fuzz_require(*fail.text);
	sources_deinit(&sources);
	close(fd);
	return 0;
}
