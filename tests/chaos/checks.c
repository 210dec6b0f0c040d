/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/chaos/checks.h"

#include <stdarg.h>
#include <stdio.h>

const struct check_fact check_facts[CHECKS] = {
#define CHECK(symbol, name, text) [CHECK_##symbol] = {name, text},
	CHAOS_CHECKS(CHECK)
#undef CHECK
};

bool check(struct findings *findings, enum check which, bool holds, const char *format, ...)
{
	struct finding *finding = &findings->items[findings->count];
	va_list args;

	findings->asserted[which]++;
	if (holds || findings->count == FINDINGS_MAX)
		return holds;
	findings->count++;
	finding->check = which;
	va_start(args, format);
	vsnprintf(finding->text, sizeof(finding->text), format, args);
	va_end(args);
	return false;
}
