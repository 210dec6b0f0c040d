/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/address.h"
#include "contract/json.h"
#include "contract/units.h"
#include "controller/lab/lab_file.h"
#include "controller/report/escape.h"
#include "controller/texts/placeholder.h"
#include "controller/texts/text_match.h"
#include "fuzz.h"

/* The small grammars: durations, sizes, addresses, ports, placeholders, expectations of a text. */
static void read_units(const char *text)
{
	char shown[DURATION_TEXT_MAX];
	int64_t value, again;
	uint64_t number;

	if (duration_parse(text, &value) == 0) {
		fuzz_require(value >= 0 && value <= DURATION_MAX_NS);
		fuzz_require(duration_parse(duration_format(value, shown), &again) == 0);
		fuzz_require(again == value);
		duration_human(value, shown);
	}
	if (size_parse(text, &value) == 0)
		fuzz_require(value >= 0);
	u64_parse(text, &number);
	lab_name_ok(text);
}

static void read_addresses(const char *text)
{
	char shown[PREFIX_TEXT_MAX];
	struct port_set ports = {0};
	struct prefix prefix, again;
	struct fail fail = FAIL_INIT;

	if (prefix_parse(text, &prefix, &fail) == 0) {
		fuzz_require(prefix_parse(prefix_format(&prefix, shown), &again, &fail) == 0);
		fuzz_require(memcmp(&prefix, &again, sizeof(prefix)) == 0);
		fuzz_require(prefix_contains(&prefix, &again));
	}
	for (int i = 0; i < 2 * PORT_RANGES_MAX; i++)
		if (port_set_add(&ports, text, &fail) == 0)
			fuzz_require(port_set_has(&ports, ports.ranges[0].low));
	fuzz_require(ports.count <= PORT_RANGES_MAX);
}

static enum placeholder_answer look_up(void *context, const char *name, char **out)
{
	(void)context;
	if (strcmp(name, "n") == 0)
		return PLACEHOLDER_KEEP;
	if (strcmp(name, "node.name") != 0)
		return PLACEHOLDER_UNKNOWN;
	*out = strdup("{node.name}");
	return PLACEHOLDER_VALUE;
}

static void read_placeholders(const char *text)
{
	static const struct placeholders known = {.lookup = look_up, .known = "{n}, {node.name}"};
	struct fail fail = FAIL_INIT;
	char *expanded;

	if (placeholder_expand(text, &known, &expanded, &fail) == 0)
		free(expanded);
	else
		fuzz_require(*fail.text);
}

/* The text up to the first NUL is what is expected, as JSON; the rest is what came. */
static void expect(const char *text, size_t size)
{
	size_t length = strlen(text);
	char why[TEXT_MATCH_WHY_SIZE];
	struct text_match match;
	struct fail fail = FAIL_INIT;
	cJSON *json = length < size ? json_parse(text, length, &fail) : NULL;

	if (json && shape_decode(&text_match_shape, json, "", &match, &fail) == 0) {
		const char *came = text + length + 1;
		size_t count = size - length - 1;

		if (!text_match_fits(&match, came, count))
			text_match_say(&match, why);
		if (!match.json && !match.equals)
			text_match_is_decided(&match, came, count);
		shape_free(&text_match_shape, &match);
	}
	cJSON_Delete(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);

	read_units(text);
	read_addresses(text);
	read_placeholders(text);
	expect(text, size);
	free(text);
	return 0;
}
