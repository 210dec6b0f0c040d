/* SPDX-License-Identifier: Apache-2.0 */
#include "c_source.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/file.h"

enum {
	SOURCE_MAX = 4 * 1024 * 1024
};

struct reader {
	const char *at;
	int line;
	struct list tokens;
};

/* The token that stands `back` before the end; NULL where there is none of that kind. */
static struct c_token *before_end(struct reader *reader, size_t back, enum c_token_kind kind)
{
	struct c_token *token = reader->tokens.count >= back
		? LIST_AT(reader->tokens, struct c_token, reader->tokens.count - back)
		: NULL;

	return token && token->kind == kind ? token : NULL;
}

static void join(struct c_token *first, const char *second)
{
	char *both = NULL;

	assert_true(asprintf(&both, "%s%s", first->text, second) >= 0);
	free(first->text);
	first->text = both;
}

static void push(struct reader *reader, enum c_token_kind kind, char *text, int line)
{
	struct c_token *last = before_end(reader, 1, C_LITERAL), *word;

	if (kind == C_LITERAL && !last && (word = before_end(reader, 1, C_WORD)) &&
		(last = before_end(reader, 2, C_LITERAL))) {
		join(last, strncmp(word->text, "PRI", 3) == 0 ? "d" : "?");
		free(word->text);
		reader->tokens.count--;
	}
	if (kind == C_LITERAL && last) {
		join(last, text);
		free(text);
		return;
	}
	last = list_push(&reader->tokens, sizeof(*last));
	*last = (struct c_token){.kind = kind, .text = text, .line = line};
}

/* Steps over one character. */
static char step(struct reader *reader)
{
	reader->line += *reader->at == '\n';
	return *reader->at++;
}

static void skip_comment(struct reader *reader, const char *end)
{
	while (*reader->at && strncmp(reader->at, end, strlen(end)) != 0)
		step(reader);
	for (size_t i = 0; *reader->at && i < strlen(end); i++)
		step(reader);
}

static char escaped(struct reader *reader)
{
	static const char names[] = "ntr0abfv", values[] = "\n\t\r\0\a\b\f\v";
	char name = step(reader);
	const char *known = strchr(names, name);

	if (name == 'x')
		return (char)strtol(reader->at, (char **)&reader->at, 16);
	return known && name ? values[known - names] : name;
}

static void take_quoted(struct reader *reader)
{
	int line = reader->line;
	char quote = step(reader), *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	while (*reader->at && *reader->at != quote) {
		char c = step(reader);

		fputc(c == '\\' ? escaped(reader) : c, out);
	}
	if (*reader->at)
		step(reader);
	assert_int_equal(fclose(out), 0);
	push(reader, quote == '"' ? C_LITERAL : C_MARK, text, line);
}

static void take_word(struct reader *reader)
{
	size_t length = 0;

	while (isalnum((unsigned char)reader->at[length]) || reader->at[length] == '_')
		length++;
	push(reader, C_WORD, strndup(reader->at, length), reader->line);
	reader->at += length;
}

struct list c_source_read(const char *path)
{
	struct fail fail = FAIL_INIT;
	struct reader reader = {.line = 1};
	size_t length;
	char *text;

	if (file_read(path, SOURCE_MAX, &text, &length, &fail) < 0)
		fail_msg("%s", fail.text);
	reader.at = text;
	while (*reader.at) {
		if (strncmp(reader.at, "//", 2) == 0)
			skip_comment(&reader, "\n");
		else if (strncmp(reader.at, "/*", 2) == 0)
			skip_comment(&reader, "*/");
		else if (*reader.at == '"' || *reader.at == '\'')
			take_quoted(&reader);
		else if (isalnum((unsigned char)*reader.at) || *reader.at == '_')
			take_word(&reader);
		else if (isspace((unsigned char)*reader.at) || *reader.at == '\\')
			step(&reader);
		else {
			push(&reader, C_MARK, strndup(reader.at, 1), reader.line);
			step(&reader);
		}
	}
	free(text);
	return reader.tokens;
}

void c_source_free(struct list *tokens)
{
	LIST_EACH(*tokens, struct c_token, token)
		free(token->text);
	free(tokens->items);
	*tokens = (struct list){0};
}

static bool is_mark(const struct list *tokens, size_t at, const char *mark)
{
	const struct c_token *token =
		at < tokens->count ? LIST_AT(*tokens, struct c_token, at) : NULL;

	return token && token->kind == C_MARK && strcmp(token->text, mark) == 0;
}

bool c_argument(const struct list *tokens, size_t at, size_t number, struct c_argument *out)
{
	int depth = 0;

	if (!is_mark(tokens, at + 1, "("))
		return false;
	*out = (struct c_argument){.first = at + 2};
	for (size_t i = at + 2; i < tokens->count; i++) {
		bool comma = depth == 0 && is_mark(tokens, i, ",");

		if (comma || (depth == 0 && is_mark(tokens, i, ")"))) {
			out->end = i;
			if (number-- == 0)
				return out->end > out->first;
			if (!comma)
				return false;
			out->first = i + 1;
		}
		depth += is_mark(tokens, i, "(") || is_mark(tokens, i, "{");
		depth -= is_mark(tokens, i, ")") || is_mark(tokens, i, "}");
	}
	return false;
}
