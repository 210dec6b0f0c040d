/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/json.h"
#include "controller/plan/catalogue.h"
#include "fuzz.h"

/* Two JSON texts with a NUL between: a catalogue, and parameters to check against each fault. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\0', size);
	size_t length = end ? (size_t)(end - data) : size;
	struct catalogue catalogue;
	struct fail fail = FAIL_INIT;
	cJSON *params = NULL;

	if (catalogue_parse(&catalogue, (const char *)data, length, &fail) < 0) {
		fuzz_require(fail.kind != FAIL_NONE);
		return 0;
	}
	if (end)
		params = json_parse((const char *)end + 1, size - length - 1, &fail);
	for (size_t i = 0; params && i < catalogue.count; i++)
		shape_decode(catalogue.faults[i].params, params, "with", NULL, &fail);
	catalogue_nearest(&catalogue, "partition");
	cJSON_Delete(params);
	catalogue_deinit(&catalogue);
	return 0;
}
