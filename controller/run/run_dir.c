/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/run/run_dir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "contract/failpoint.h"

enum {
	ATTEMPTS_MAX = 99 /* within one second */
};

char *run_dir_name(const char *name, int attempt)
{
	time_t now = time(NULL);
	char stamp[32], *whole = NULL;
	struct tm utc;

	gmtime_r(&now, &utc);
	strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &utc);
	if ((attempt == 1 ? asprintf(&whole, "%s-%s", stamp, name)
			  : asprintf(&whole, "%s-%d-%s", stamp, attempt, name)) < 0)
		abort();
	return whole;
}

/* Whose turn it is with this name: 0 made, 1 taken by another, -1 it can't be made. */
static int make(const char *dir)
{
	int error = FAILPOINT_ERROR(run_directory) ? EROFS : 0;

	if (!error && mkdir(dir, 0755) == 0)
		return 0;
	errno = error ? error : errno;
	return errno == EEXIST ? 1 : -1;
}

int run_dir_make(
	const char *runs_dir, const char *name, char **out_name, char **out_dir, struct fail *fail)
{
	if (mkdir(runs_dir, 0755) < 0 && errno != EEXIST)
		return fail_errno(fail, errno, "%s", runs_dir);
	for (int attempt = 1;; attempt++) {
		char *own = run_dir_name(name, attempt), *dir = NULL;
		int outcome;

		if (asprintf(&dir, "%s/%s", runs_dir, own) < 0)
			abort();
		outcome = make(dir);
		if (outcome == 0) {
			*out_name = own;
			*out_dir = dir;
			return 0;
		}
		if (outcome < 0 || attempt == ATTEMPTS_MAX)
			fail_errno(fail, errno, "%s", dir);
		free(own);
		free(dir);
		if (outcome < 0 || attempt == ATTEMPTS_MAX)
			return -1;
	}
}
