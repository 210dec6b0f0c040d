/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/json.h"

#include <stdlib.h>
#include <string.h>

/* The next token of a pointer, unescaped ("~1" is '/', "~0" is '~'); NULL where it is malformed. */
static const char *pointer_token(const char *pointer, char *token, size_t size)
{
	size_t used = 0;

	if (*pointer++ != '/')
		return NULL;
	for (; *pointer && *pointer != '/'; pointer++) {
		char letter = *pointer;

		if (letter == '~') {
			pointer++;
			if (*pointer != '0' && *pointer != '1')
				return NULL;
			letter = *pointer == '0' ? '~' : '/';
		}
		if (used + 1 == size)
			return NULL;
		token[used++] = letter;
	}
	token[used] = '\0';
	return pointer;
}

static cJSON *array_item(const cJSON *array, const char *token)
{
	size_t digits = strspn(token, "0123456789");

	if (digits == 0 || digits > 6 || token[digits] || (token[0] == '0' && token[1]))
		return NULL;
	return cJSON_GetArrayItem(array, atoi(token));
}

cJSON *json_at_pointer(cJSON *value, const char *pointer)
{
	char token[256];

	while (value && *pointer) {
		pointer = pointer_token(pointer, token, sizeof(token));
		if (!pointer)
			return NULL;
		value = cJSON_IsArray(value) ? array_item(value, token)
					     : cJSON_GetObjectItemCaseSensitive(value, token);
	}
	return value;
}
