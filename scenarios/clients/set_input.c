/* SPDX-License-Identifier: Apache-2.0 */
#include "set_input.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "contract/units.h"

int64_t set_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_SEC + now.tv_nsec;
}

/* --- lines ----------------------------------------------------------------------------- */

bool set_input_has_room(const struct set_input *input)
{
	return input->used < sizeof(input->bytes);
}

bool set_input_has_line(const struct set_input *input)
{
	return memchr(input->bytes, '\n', input->used);
}

void set_input_take(struct set_input *input)
{
	ssize_t count =
		read(STDIN_FILENO, input->bytes + input->used, sizeof(input->bytes) - input->used);

	if (count < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (count <= 0)
		input->ended = true;
	else
		input->used += (size_t)count;
}

static void pass(struct set_input *input, size_t length)
{
	input->used -= length;
	memmove(input->bytes, input->bytes + length, input->used);
}

static enum set_order parse(const char *line, int64_t *out_id)
{
	uint64_t id;

	if (strcmp(line, "read") == 0)
		return SET_READ;
	if (strncmp(line, "add ", 4) != 0 || u64_parse(line + 4, &id) < 0 || id == 0 ||
		id > INT64_MAX)
		return SET_NONE;
	*out_id = (int64_t)id;
	return SET_ADD;
}

enum set_order set_input_next(struct set_input *input, bool may_read, int64_t *out_id)
{
	char *newline;

	while ((newline = memchr(input->bytes, '\n', input->used))) {
		size_t length = (size_t)(newline - input->bytes);
		enum set_order order;

		*newline = '\0';
		order = parse(input->bytes, out_id);
		if (order == SET_READ && !may_read) {
			*newline = '\n';
			return SET_NONE;
		}
		if (order == SET_NONE)
			fprintf(stderr, "neither \"add ID\" nor \"read\": %.80s\n", input->bytes);
		pass(input, length + 1);
		if (order != SET_NONE)
			return order;
	}
	return SET_NONE;
}

void set_input_drop_rest(struct set_input *input)
{
	if (!set_input_has_line(input) && (input->ended || !set_input_has_room(input)))
		input->used = 0;
}

/* --- options --------------------------------------------------------------------------- */

void set_parse_addresses(struct set_addresses *out, char *list, struct argp_state *state)
{
	const size_t most = sizeof(out->items) / sizeof(out->items[0]);
	char *rest = NULL;

	for (char *word = strtok_r(list, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
		unsigned char address[sizeof(struct in6_addr)];

		if (inet_pton(AF_INET, word, address) != 1 &&
			inet_pton(AF_INET6, word, address) != 1)
			argp_error(state, "\"%s\" is not an IPv4 or IPv6 address", word);
		if (out->count == most)
			argp_error(state, "more than %zu addresses", most);
		out->items[out->count++] = word;
	}
}

int64_t set_parse_number(const char *text, int64_t min, int64_t max, struct argp_state *state)
{
	uint64_t number;

	if (u64_parse(text, &number) < 0 || number < (uint64_t)min || number > (uint64_t)max)
		argp_error(state, "\"%s\" is not a number from %lld to %lld", text, (long long)min,
			(long long)max);
	return (int64_t)number;
}

int64_t set_parse_timeout(const char *text, int64_t min_ns, struct argp_state *state)
{
	int64_t timeout_ns;

	if (duration_parse(text, &timeout_ns) < 0 || timeout_ns < min_ns)
		argp_error(state, "\"%s\" is not a duration like 1s", text);
	return timeout_ns;
}
