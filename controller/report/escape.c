/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/report/escape.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define REPLACEMENT UINT32_C(0xfffd)

/* --- characters ------------------------------------------------------------------------ */

/* The value of a sequence's first byte and how many bytes follow; -1: it begins none. */
static int sequence_tail(unsigned char first, uint32_t *out_bits)
{
	if (first < 0x80) {
		*out_bits = first;
		return 0;
	}
	if (first >= 0xc2 && first < 0xe0) {
		*out_bits = first & 0x1fU;
		return 1;
	}
	if (first >= 0xe0 && first < 0xf0) {
		*out_bits = first & 0x0fU;
		return 2;
	}
	if (first >= 0xf0 && first < 0xf5) {
		*out_bits = first & 0x07U;
		return 3;
	}
	return -1;
}

/* Overlong forms, surrogates and what lies beyond Unicode are no characters. */
static bool is_character(uint32_t character, int tail)
{
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};

	return character >= least[tail] && character <= 0x10ffff &&
		(character < 0xd800 || character > 0xdfff);
}

/* Takes one character off *text; an invalid byte counts as one. */
static uint32_t take_character(const char **text)
{
	const unsigned char *bytes = (const unsigned char *)*text;
	uint32_t character = 0;
	int tail = sequence_tail(bytes[0], &character);

	for (int i = 1; i <= tail; i++) {
		if ((bytes[i] & 0xc0) != 0x80) {
			tail = -1;
			break;
		}
		character = character << 6 | (bytes[i] & 0x3fU);
	}
	if (tail < 0 || !is_character(character, tail)) {
		(*text)++;
		return REPLACEMENT;
	}
	*text += tail + 1;
	return character;
}

/* Marks with which a text can be shown in another order than it is written in. */
static bool reorders(uint32_t character)
{
	return (character >= 0x202a && character <= 0x202e) ||
		(character >= 0x2066 && character <= 0x2069) || character == 0x200e ||
		character == 0x200f || character == 0x061c;
}

/* 0: leave it out. */
static uint32_t cleaned(uint32_t character)
{
	if (character == '\n' || character == '\t' || character == '\r' || character == 0x2028 ||
		character == 0x2029)
		return ' ';
	if (character < 0x20 || (character >= 0x7f && character < 0xa0))
		return 0;
	if (reorders(character) || (character & 0xfffe) == 0xfffe ||
		(character >= 0xfdd0 && character <= 0xfdef))
		return REPLACEMENT;
	return character;
}

static void put_character(FILE *out, uint32_t character)
{
	if (character < 0x80) {
		fputc((int)character, out);
	} else if (character < 0x800) {
		fputc((int)(0xc0 | character >> 6), out);
		fputc((int)(0x80 | (character & 0x3f)), out);
	} else if (character < 0x10000) {
		fputc((int)(0xe0 | character >> 12), out);
		fputc((int)(0x80 | (character >> 6 & 0x3f)), out);
		fputc((int)(0x80 | (character & 0x3f)), out);
	} else {
		fputc((int)(0xf0 | character >> 18), out);
		fputc((int)(0x80 | (character >> 12 & 0x3f)), out);
		fputc((int)(0x80 | (character >> 6 & 0x3f)), out);
		fputc((int)(0x80 | (character & 0x3f)), out);
	}
}

/* Where a character stands. */
struct context {
	uint32_t before;  /* the character in front of it; 0 at the beginning */
	bool only_digits; /* nothing but digits are in front of it */
	const char *rest; /* behind it, as it came */
};

/* What a character is written as, NULL: as itself. */
typedef const char *spelling(uint32_t character, const struct context *context);

static bool is_digit(uint32_t character)
{
	return character >= '0' && character <= '9';
}

static void escape(FILE *out, const char *text, spelling *spell)
{
	struct context context = {.only_digits = true};

	while (*text) {
		uint32_t character = cleaned(take_character(&text));
		const char *spelled;

		if (!character)
			continue;
		context.rest = text;
		spelled = spell(character, &context);
		if (spelled)
			fputs(spelled, out);
		else
			put_character(out, character);
		if (spelled && !*spelled)
			continue;
		context.only_digits &= is_digit(character);
		context.before = character;
	}
}

/* --- forms ----------------------------------------------------------------------------- */

static const char *spell_plain(uint32_t character, const struct context *context)
{
	(void)character;
	(void)context;
	return NULL;
}

static const char *spell_markup(uint32_t character, const struct context *context)
{
	(void)context;
	switch (character) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

/*
 * What begins a list, a rule or a heading where the text begins a line, and a list's number. Blanks
 * there would make it code.
 */
static const char *spell_first(uint32_t character, const struct context *context)
{
	if (context->before == 0)
		switch (character) {
		case ' ':
			return "";
		case '-':
			return "\\-";
		case '+':
			return "\\+";
		case '=':
			return "\\=";
		default:
			return NULL;
		}
	if (!context->only_digits)
		return NULL;
	return character == '.' ? "\\." : character == ')' ? "\\)" : NULL;
}

/* Addresses become links by themselves there, and numbers behind a '#' those of issues. */
static const char *spell_link(uint32_t character, const struct context *context)
{
	if (character == ':' && strncmp(context->rest, "//", 2) == 0)
		return "\\:";
	if (character == '.' && (context->before == 'w' || context->before == 'W'))
		return "\\.";
	if (character == '#' && is_digit((unsigned char)*context->rest))
		return "\\#\xe2\x80\x8b";
	return NULL;
}

static const char *spell_markdown(uint32_t character, const struct context *context)
{
	static const char *const marks[128] = {['&'] = "&amp;",
		['<'] = "&lt;",
		['>'] = "&gt;",
		['\\'] = "\\\\",
		['`'] = "\\`",
		['*'] = "\\*",
		['_'] = "\\_",
		['['] = "\\[",
		[']'] = "\\]",
		['|'] = "\\|",
		['~'] = "\\~",
		['#'] = "\\#",
		['!'] = "\\!",
		['$'] = "\\$",
		/* A zero-width space: entities would be read back before names are looked for. */
		['@'] = "@\xe2\x80\x8b"};
	const char *spelled = spell_first(character, context);

	if (!spelled)
		spelled = spell_link(character, context);
	return spelled || character >= 128 ? spelled : marks[character];
}

static const char *spell_message(uint32_t character, const struct context *context)
{
	(void)context;
	return character == '%' ? "%25" : NULL;
}

static const char *spell_property(uint32_t character, const struct context *context)
{
	(void)context;
	switch (character) {
	case '%':
		return "%25";
	case ':':
		return "%3A";
	case ',':
		return "%2C";
	default:
		return NULL;
	}
}

void escape_plain(FILE *out, const char *text)
{
	escape(out, text, spell_plain);
}

void escape_markup(FILE *out, const char *text)
{
	escape(out, text, spell_markup);
}

void escape_markdown(FILE *out, const char *text)
{
	escape(out, text, spell_markdown);
}

void escape_message(FILE *out, const char *text)
{
	escape(out, text, spell_message);
}

void escape_property(FILE *out, const char *text)
{
	escape(out, text, spell_property);
}

/* --- with printf ----------------------------------------------------------------------- */

static void print(FILE *out, spelling *spell, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

static void print(FILE *out, spelling *spell, const char *format, va_list args)
{
	char *text = NULL;

	if (vasprintf(&text, format, args) < 0)
		abort();
	escape(out, text, spell);
	free(text);
}

void plain_line(FILE *out, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print(out, spell_plain, format, args);
	va_end(args);
	fputc('\n', out);
}

void markup(FILE *out, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print(out, spell_markup, format, args);
	va_end(args);
}

void markdown(FILE *out, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print(out, spell_markdown, format, args);
	va_end(args);
}

void element(FILE *out, const char *open, const char *format, ...)
{
	va_list args;

	fprintf(out, "<%s>", open);
	va_start(args, format);
	print(out, spell_markup, format, args);
	va_end(args);
	fprintf(out, "</%.*s>\n", (int)strcspn(open, " "), open);
}

bool escape_is_link(const char *url)
{
	if (strncasecmp(url, "https://", 8) != 0 && strncasecmp(url, "http://", 7) != 0)
		return false;
	for (const unsigned char *c = (const unsigned char *)url; *c; c++)
		if (*c <= 0x20 || *c >= 0x7f || strchr("\"<>\\^`{|}", *c))
			return false;
	return true;
}
