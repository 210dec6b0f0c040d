/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "controller/journal/journal.h"
#include "controller/judge/judge.h"
#include "controller/plan/check.h"
#include "controller/report/summary.h"
#include "fuzz.h"

/* Whatever a journal holds: it is refused, or it is judged and printed, twice the same. */
static void judge_it(const struct record *record)
{
	struct judgement first, second;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	judge(record, &first);
	judge(record, &second);
	fuzz_require(first.exit_code == second.exit_code);
	summary_print(out, record, &first, "run");
	fclose(out);
	free(text);
	judgement_deinit(&first);
	judgement_deinit(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct catalogue catalogue;
	struct fail fail = FAIL_INIT;
	struct record record;
	char path[64];
	int fd = memfd_create("journal", MFD_CLOEXEC);

	if (!catalogue.count)
		fuzz_require(catalogue_builtin(&catalogue, &fail) == 0);
	fuzz_require(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (journal_read(path, &record, &fail) == 0) {
		/* A run's journal holds a scenario that passed its checks. */
		if (scenario_check(&record.scenario, &catalogue, &fail) == 0)
			judge_it(&record);
		record_deinit(&record);
	} else {
		fuzz_require(*fail.text);
	}
	close(fd);
	return 0;
}
