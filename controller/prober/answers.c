/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/answers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ID_DIGITS_MAX = 15,           /* ids are JSON numbers, exact up to 2^53 */
	READ_RANGES_MAX = 1000 * 1000 /* unsorted runs, so that memory is bounded */
};

#define ID_MAX INT64_C(999999999999999)

/* A decimal number without sign, blanks or leading zero; returns its length, 0 for none. */
static size_t id_parse(const char *text, int64_t *out)
{
	size_t length = strspn(text, "0123456789");

	if (length == 0 || length > ID_DIGITS_MAX || text[0] == '0')
		return 0;
	*out = strtoll(text, NULL, 10);
	return length;
}

int answer_parse(const char *line, struct answer *out)
{
	static const struct {
		const char *word;
		enum answer_kind kind;
	} words[] = {
		{"ok ", ANSWER_OK},
		{"fail ", ANSWER_FAIL},
		{"unknown ", ANSWER_UNKNOWN},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t word_length = strlen(words[i].word), id_length;
		const char *rest = line + word_length;
		int64_t id;

		if (strncmp(line, words[i].word, word_length) != 0)
			continue;
		id_length = id_parse(rest, &id);
		rest += id_length;
		if (id_length == 0 || (*rest && *rest != ' ') ||
			(words[i].kind == ANSWER_OK && *rest))
			return -1;
		*out = (struct answer){
			.kind = words[i].kind, .id = id, .reason = *rest ? rest + 1 : rest};
		return 0;
	}
	return -1;
}

/* --- reads ----------------------------------------------------------------------------- */

void read_parser_deinit(struct read_parser *parser)
{
	ranges_deinit(&parser->present);
}

static void give_up(struct read_parser *parser, const char *reason)
{
	snprintf(parser->reason, sizeof(parser->reason), "%s", reason);
	parser->state = READ_FAILED;
}

static void end_of_word(struct read_parser *parser, char byte)
{
	parser->word[parser->word_length] = '\0';
	parser->word_length = 0;
	if (strcmp(parser->word, "ok") == 0)
		parser->state = byte == '\n' ? READ_OK : READ_IDS;
	else if (strcmp(parser->word, "fail") != 0)
		parser->state = byte == '\n' ? READ_WORD : READ_NOISE;
	else if (byte == '\n')
		give_up(parser, "no reason given");
	else
		parser->state = READ_REASON;
}

static void take_word(struct read_parser *parser, char byte)
{
	if (byte == ' ' || byte == '\n')
		end_of_word(parser, byte);
	else if (parser->word_length + 1 < sizeof(parser->word))
		parser->word[parser->word_length++] = byte;
	else
		parser->state = READ_NOISE;
	if (parser->state == READ_NOISE)
		parser->word_length = 0;
}

static void take_id(struct read_parser *parser, char byte)
{
	if (byte >= '0' && byte <= '9') {
		parser->id = parser->id * 10 + (byte - '0');
		if (parser->id == 0 || parser->id > ID_MAX)
			give_up(parser, "an id in the client's answer is out of range");
		return;
	}
	if (byte != ' ' && byte != '\n') {
		give_up(parser, "the client's answer holds something that is no id");
		return;
	}
	if (parser->id)
		ranges_add(&parser->present, parser->id);
	parser->id = 0;
	if (parser->present.list.count > READ_RANGES_MAX)
		give_up(parser, "the client's answer is too much out of order");
	else if (byte == '\n')
		parser->state = READ_OK;
}

static void take_reason(struct read_parser *parser, char byte)
{
	char raw[TEXT_ERROR_SIZE];

	if (byte != '\n') {
		if (parser->reason_length + 1 < sizeof(parser->reason))
			parser->reason[parser->reason_length++] = byte;
		return;
	}
	memcpy(raw, parser->reason, parser->reason_length);
	raw[parser->reason_length] = '\0';
	text_clean(parser->reason, sizeof(parser->reason), raw);
	parser->state = READ_FAILED;
}

bool read_parser_feed(struct read_parser *parser, const char *bytes, size_t count)
{
	for (size_t i = 0; i < count && parser->state < READ_OK; i++) {
		if (++parser->taken > READ_ANSWER_MAX) {
			give_up(parser, "the client's answer is longer than 64 MiB");
			break;
		}
		switch (parser->state) {
		case READ_WORD:
			take_word(parser, bytes[i]);
			break;
		case READ_NOISE:
			if (bytes[i] == '\n')
				parser->state = READ_WORD;
			break;
		case READ_IDS:
			take_id(parser, bytes[i]);
			break;
		case READ_REASON:
			take_reason(parser, bytes[i]);
			break;
		case READ_OK:
		case READ_FAILED:
			break;
		}
	}
	return parser->state >= READ_OK;
}
