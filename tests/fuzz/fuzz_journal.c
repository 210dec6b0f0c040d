/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "controller/report/report.h"
#include "fuzz.h"

/* A form twice: it is the same text. None may hold what could command a terminal. */
static void print_it(
	const struct report *report, void (*form)(FILE *out, const struct report *report))
{
	char *texts[2] = {NULL};
	size_t sizes[2] = {0};

	for (int i = 0; i < 2; i++) {
		FILE *out = open_memstream(&texts[i], &sizes[i]);

		form(out, report);
		fclose(out);
	}
	fuzz_require(sizes[0] == sizes[1] && memcmp(texts[0], texts[1], sizes[0]) == 0);
	fuzz_require(!memchr(texts[0], '\x1b', sizes[0]) && !memchr(texts[0], '\0', sizes[0]));
	free(texts[0]);
	free(texts[1]);
}

static void report_it(const struct report *report)
{
	static void (*const forms[])(FILE * out, const struct report *report) = {report_summary,
		report_text, report_html, report_junit, report_markdown, report_json};
	struct judgement again;

	judge(&report->record, &again);
	fuzz_require(again.exit_code == report->judgement.exit_code);
	judgement_deinit(&again);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		print_it(report, forms[i]);
}

/* Whatever a journal holds: it is refused, or it is judged and told in every form. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fail fail = FAIL_INIT;
	struct report report;
	char path[64];
	int fd = memfd_create("journal", MFD_CLOEXEC);

	fuzz_require(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (report_load(&report, path, &fail) == 0) {
		report_it(&report);
		report_deinit(&report);
	} else {
		fuzz_require(*fail.text);
	}
	close(fd);
	return 0;
}
