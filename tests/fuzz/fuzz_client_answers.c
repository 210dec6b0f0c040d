/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/answers.h"
#include "controller/prober/orders.h"
#include "fuzz.h"

/* The same bytes at once and one by one mean the same. */
static void read_both_ways(const char *bytes, size_t count)
{
	struct read_parser whole = {0}, pieces = {0};
	bool whole_final = read_parser_feed(&whole, bytes, count), pieces_final = false;

	for (size_t i = 0; i < count && !pieces_final; i++)
		pieces_final = read_parser_feed(&pieces, bytes + i, 1);
	fuzz_require(whole_final == pieces_final);
	fuzz_require(whole.state == pieces.state);
	if (whole.state == READ_FAILED)
		fuzz_require(strcmp(whole.reason, pieces.reason) == 0);
	if (whole.state == READ_OK) {
		ranges_tidy(&whole.present);
		ranges_tidy(&pieces.present);
		fuzz_require(whole.present.list.count == pieces.present.list.count);
		LIST_EACH(whole.present.list, struct id_range, range)
			fuzz_require(range->first > 0 && range->first <= range->last);
	}
	read_parser_deinit(&whole);
	read_parser_deinit(&pieces);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct answer answer;

	if (answer_parse(text, &answer) == 0)
		fuzz_require(answer.id >= 1 && answer.reason >= text &&
			answer.reason <= text + strlen(text));
	read_both_ways((const char *)data, size);
	free(text);
	return 0;
}
