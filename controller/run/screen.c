/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/run/screen.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "contract/json.h"
#include "contract/units.h"
#include "controller/report/escape.h"
#include "controller/report/progress.h"

enum {
	COLUMNS_UNKNOWN = 80,
	SAY_MAX = 2048
};

#define REDRAW_NS (200 * NS_PER_MS)

void screen_init(struct screen *screen, bool quiet, bool json)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");
	bool dumb = !term || strcmp(term, "dumb") == 0;

	*screen = (struct screen){.kind = SCREEN_LINES, .json = json};
	if (quiet)
		screen->kind = SCREEN_NONE;
	else if (isatty(STDERR_FILENO) && !dumb)
		screen->kind = SCREEN_LIVE;
	screen->colours = !no_color || !no_color[0];
	if (screen->kind == SCREEN_LIVE)
		screen->live = live_new();
}

/* The picture stands at the bottom: up to its first line, and everything below is wiped. */
static void wipe(struct screen *screen, FILE *out)
{
	if (screen->drawn)
		fprintf(out, "\033[%dA\r\033[J", screen->drawn);
	screen->drawn = 0;
}

/* All that changes at one time goes out in one piece, so that it does not flicker. */
struct piece {
	FILE *out;
	char *text;
	size_t length;
};

static void piece_begin(struct piece *piece)
{
	*piece = (struct piece){0};
	piece->out = open_memstream(&piece->text, &piece->length);
	if (!piece->out)
		abort();
}

static void piece_end(struct piece *piece)
{
	fclose(piece->out);
	fwrite(piece->text, 1, piece->length, stderr);
	fflush(stderr);
	free(piece->text);
}

void screen_deinit(struct screen *screen)
{
	wipe(screen, stderr);
	fflush(stderr);
	live_free(screen->live);
	*screen = (struct screen){0};
}

static void print_json(const cJSON *event)
{
	char *text = json_print(event);

	puts(text);
	fflush(stdout);
	free(text);
}

void screen_event(struct screen *screen, const cJSON *event)
{
	struct piece piece, lines;

	if (screen->json)
		print_json(event);
	if (screen->kind == SCREEN_NONE)
		return;
	if (screen->live)
		live_take(screen->live, event);
	piece_begin(&lines);
	progress_print(lines.out, event);
	fflush(lines.out);
	if (lines.length) {
		piece_begin(&piece);
		wipe(screen, piece.out);
		fwrite(lines.text, 1, lines.length, piece.out);
		piece_end(&piece);
		screen->drawn_ns = 0; /* the picture comes back with the next tick */
	}
	fclose(lines.out);
	free(lines.text);
}

void screen_draw(struct screen *screen, const struct record *record, int64_t now_ns)
{
	struct live_look look = {
		.now_ns = now_ns, .columns = COLUMNS_UNKNOWN, .colours = screen->colours};
	struct winsize size;
	struct piece piece;

	if (screen->kind != SCREEN_LIVE || now_ns - screen->drawn_ns < REDRAW_NS)
		return;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		look.columns = size.ws_col;
	piece_begin(&piece);
	wipe(screen, piece.out);
	screen->drawn = live_draw(piece.out, screen->live, record, &look);
	piece_end(&piece);
	screen->drawn_ns = now_ns;
}

void screen_say(struct screen *screen, const char *format, ...)
{
	char text[SAY_MAX];
	struct piece piece;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	piece_begin(&piece);
	wipe(screen, piece.out);
	escape_plain(piece.out, text);
	fputc('\n', piece.out);
	piece_end(&piece);
}
