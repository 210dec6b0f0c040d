/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/json.h"
#include "contract/units.h"
#include "fuzz.h"
#include "injector/host.h"
#include "injector/policy.h"

/* The host that the policy sees: one file, which is the input. */
static const uint8_t *file;
static size_t file_size;

int host_file_read(
	const char *path, size_t max_bytes, char **out_text, size_t *out_length, struct fail *fail)
{
	if (file_size > max_bytes)
		return fail_set(fail, FAIL_BAD_FILE, "%s: too long", path);
	*out_text = fuzz_text(file, file_size);
	*out_length = file_size;
	return 0;
}

bool host_file_exists(const char *path)
{
	(void)path;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char order_json[] =
		"{\"id\":\"a\",\"fault\":\"partition\",\"scope\":{},\"role\":\"on\",\"with\":{},"
		"\"on\":[{\"node\":\"n\",\"prefixes\":[]}],\"from\":[],\"start_ns\":\"5\","
		"\"deadline_ns\":\"5000000005\"}";
	const struct policy_moment moment = {
		.now_ns = 1, .wall_ns = INT64_C(1700000000) * NS_PER_SEC};
	const struct list peers = {0};
	struct fault_order order;
	struct policy policy;
	struct fail fail = FAIL_INIT;
	cJSON *json = json_parse(order_json, sizeof(order_json) - 1, &fail);

	fuzz_require(shape_decode(&fault_order_shape, json, "", &order, &fail) == 0);
	cJSON_Delete(json);
	file = data;
	file_size = size;
	policy_load(&policy, POLICY_PATH, true);
	fuzz_require(policy.state != POLICY_ABSENT);
	/* A file that can't be understood allows nothing. */
	if (policy_allows(&policy, &order, &peers, &moment, &fail) == 0)
		fuzz_require(policy.state == POLICY_READ);
	else
		fuzz_require(fail.kind == FAIL_REFUSED);
	policy_deinit(&policy);
	shape_free(&fault_order_shape, &order);
	return 0;
}
