/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/json.h"
#include "contract/verbs.h"
#include "contract/wire.h"
#include "fuzz.h"

/* The body of a message against every verb's table. */
static void try_verbs(const cJSON *body)
{
	static const struct shape *const shapes[] = {&hello_params_shape, &hello_result_shape,
		&ping_result_shape, &fault_order_shape, &inspect_result_shape, &arm_result_shape,
		&renew_params_shape, &heal_params_shape, &evidence_shape, &audit_params_shape,
		&audit_result_shape};

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		void *decoded = calloc(1, shapes[i]->size);
		struct fail fail = FAIL_INIT;

		if (!decoded)
			abort();
		if (shape_decode(shapes[i], body, "", decoded, &fail) == 0) {
			cJSON *again = shape_encode(shapes[i], decoded);

			fuzz_require(shape_decode(shapes[i], again, "", NULL, &fail) == 0);
			cJSON_Delete(again);
		}
		shape_free(shapes[i], decoded);
		free(decoded);
	}
}

/* The first byte says in what pieces the rest arrives. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wire_reader reader;
	struct fail fail = FAIL_INIT;
	size_t step = size ? data[0] + 1 : 1;

	wire_reader_init(&reader, 4096);
	for (size_t at = 1; at < size; at += step) {
		size_t count = size - at < step ? size - at : step, length;
		const char *line;

		if (wire_reader_feed(&reader, (const char *)data + at, count, &fail) < 0)
			break;
		while ((line = wire_reader_line(&reader, &length))) {
			struct wire_message message;

			fuzz_require(length <= 4096 && line[length] == '\0');
			if (wire_parse(line, length, &message, &fail) < 0) {
				fuzz_require(fail.kind == FAIL_PEER);
				continue;
			}
			fuzz_require(cJSON_IsObject(message.body));
			try_verbs(message.body);
			wire_message_deinit(&message);
		}
	}
	wire_reader_deinit(&reader);
	return 0;
}
