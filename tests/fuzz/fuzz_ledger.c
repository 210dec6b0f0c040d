/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"
#include "injector/holder.h"
#include "injector/ledger.h"
#include "injector/recover.h"
#include "tests/unit/injector/host_fake.h"

/* A runtime directory with any bytes in it: recovery reads, and touches what it may only. */
static void ignore(const char *line)
{
	(void)line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct recover_options options = {.runtime_dir = "/run/backburn"};
	char *text = fuzz_text(data, size), described[UNDO_TEXT_MAX];
	struct ledger_content content;
	struct holder holder;
	struct fail fail = FAIL_INIT;

	fake_reset();
	if (ledger_parse(text, size, &content, &fail) == 0) {
		LIST_EACH(content.pending, const struct ledger_record, record)
			undo_describe(&record->undo, described);
		ledger_content_deinit(&content);
	} else {
		fuzz_require(*fail.text);
	}
	fake_add_foreign(3, BB_INGRESS, 1);
	fake_write("/run/backburn/7/run-1/ledger", text);
	fake_write("/run/backburn/7/lock", text);
	if (holder_read("/run/backburn", 7, &holder, &fail) == 0)
		shape_free(&holder_shape, &holder);
	recover_all(&options, ignore);
	/* Nothing in the kernel was ours. */
	fuzz_require(fake.attachments.count == 1 && fake.clsacts.count == 1);
	fuzz_require(fake_open_count() == 0);
	free(text);
	return 0;
}
