/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TEST_JUNIT_SCHEMA_H
#define BACKBURN_TEST_JUNIT_SCHEMA_H

#include <stdbool.h>

/* Asks xmllint whether junit.xsd takes a file of that text. False when there is no xmllint here. */
bool junit_schema_judges(const char *text, bool *out_accepted);

/* Fails the test when there is an xmllint that says no. */
void assert_junit(const char *text);

#endif
