/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/histogram.h"
#include "contract/json.h"
#include "controller/lab/supervisor.h"
#include "controller/prober/asker.h"
#include "controller/prober/asker_run.h"
#include "controller/prober/orders.h"
#include "fuzz.h"

/*
 * What the controller, its probers and a lab's supervisor say to one another: one JSON object,
 * against each of their tables. A window's histogram is added up as the judge does.
 */
static void add_up(const struct probe_window *window)
{
	struct histogram *sum = histogram_new();
	struct histogram_edges edges;
	struct fail fail = FAIL_INIT;

	for (int i = 0; i < 2; i++)
		if (histogram_decode(sum, &window->latency, &fail) == 0 && sum->count)
			fuzz_require(histogram_quantile(sum, 0.99, &edges) == 0 &&
				edges.lower_ns <= edges.upper_ns);
	histogram_free(sum);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct shape *const shapes[] = {&prober_hello_shape, &probe_order_shape,
		&probe_window_shape, &workload_order_shape, &workload_window_shape,
		&final_read_order_shape, &final_read_result_shape, &stop_result_shape,
		&ask_get_shape, &ask_answer_shape, &ask_run_shape, &ask_ran_shape,
		&service_list_shape, &healed_params_shape};
	struct fail fail = FAIL_INIT;
	cJSON *body = json_parse((const char *)data, size, &fail);

	for (size_t i = 0; body && i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		void *decoded = calloc(1, shapes[i]->size);

		if (!decoded)
			abort();
		if (shape_decode(shapes[i], body, "", decoded, &fail) == 0) {
			cJSON *again = shape_encode(shapes[i], decoded);

			fuzz_require(shape_decode(shapes[i], again, "", NULL, &fail) == 0);
			cJSON_Delete(again);
			if (shapes[i] == &probe_window_shape)
				add_up(decoded);
			shape_free(shapes[i], decoded);
		}
		free(decoded);
	}
	cJSON_Delete(body);
	return 0;
}
