/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TESTS_QUOTED_H
#define BACKBURN_TESTS_QUOTED_H

#include <cjson/cJSON.h>

/* JSON in which ' stands for ", so that tests can be read. Asserts that it is some. */
cJSON *quoted_json(const char *text);

#endif
