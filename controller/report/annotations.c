/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contract/file.h"
#include "contract/json.h"
#include "controller/report/escape.h"
#include "controller/report/words.h"

/* GitHub's workflow commands: a line each, which the runner shows at a file's line. */

/* The scenario's file as it is now, if it is here and still the one that ran. */
struct scenario_text {
	char *text;
	size_t length;
	cJSON *tree;
};

static struct scenario_text read_scenario(const char *path)
{
	struct scenario_text source = {0};
	struct fail fail = FAIL_INIT;

	if (path && file_read(path, SOURCE_BYTES_MAX, &source.text, &source.length, &fail) == 0)
		source.tree = json_parse(source.text, source.length, &fail);
	return source;
}

/* The line of an invariant, 1 where it can't be found. */
static int line_of(const struct scenario_text *source, const char *id)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(source->tree, "invariants");
	const cJSON *claim;
	size_t index = 0;
	int line;

	cJSON_ArrayForEach(claim, list) {
		char path[JSON_PATH_MAX];

		if (strcmp(json_string(claim, "id", ""), id) == 0) {
			line = json_line_of(source->text, source->length,
				json_path_index(path, "invariants", index));
			return line > 0 ? line : 1;
		}
		index++;
	}
	return 1;
}

struct annotation {
	const char *level; /* "error", "warning", "notice" */
	const char *file;
	int line;
};

/*
 * GitHub shows an annotation at a file when its path counts from the repository's root, which is
 * the workspace; a step may work in a folder below it.
 */
static void print_path(FILE *out, const char *file)
{
	const char *root = getenv("GITHUB_WORKSPACE");
	char *workspace = root ? realpath(root, NULL) : NULL, *path = realpath(file, NULL);
	size_t length = workspace ? strlen(workspace) : 0;

	if (workspace && path && strncmp(path, workspace, length) == 0 && path[length] == '/')
		escape_property(out, path + length + 1);
	else
		escape_property(out, file);
	free(workspace);
	free(path);
}

static void annotate(
	FILE *out, const struct annotation *own, const char *title, const char *message)
{
	fprintf(out, "::%s ", own->level);
	if (own->file) {
		fputs("file=", out);
		print_path(out, own->file);
		fprintf(out, ",line=%d,", own->line);
	}
	fputs("title=", out);
	escape_property(out, title);
	fputs("::", out);
	escape_message(out, message);
	fputc('\n', out);
}

/* NULL: nothing to say. */
static const char *level_of(const struct claim_judgement *own)
{
	bool gated = own->claim->gate == GATE_MUST || own->claim->gate == GATE_PRECONDITION;

	switch (own->finding) {
	case FINDING_OTHERWISE:
		return gated || own->claim->gate == GATE_SHOULD ? "error" : "notice";
	case FINDING_KNOWN:
		return "warning";
	case FINDING_UNPROVEN:
		return gated ? "error" : "warning";
	case FINDING_AS_EXPECTED:
	case FINDING_NOT_JUDGED:
		break;
	}
	return NULL;
}

static void annotate_claims(
	FILE *out, const struct report *report, const struct scenario_text *source)
{
	LIST_EACH(report->judgement.claims, struct claim_judgement, own) {
		struct annotation annotation = {
			.level = level_of(own), .file = report->story.scenario_file};
		char title[2 * WORDS_MAX], verdict[WORDS_MAX];

		if (!annotation.level)
			continue;
		annotation.line = line_of(source, own->claim->id);
		snprintf(title, sizeof(title), "claim %.120s: %s", own->claim->id,
			words_verdict(own, verdict));
		annotate(out, &annotation, title, own->text);
	}
}

static void annotate_faults(FILE *out, const struct report *report)
{
	const struct annotation warning = {
		.level = "warning", .file = report->story.scenario_file, .line = 1};
	char title[2 * WORDS_MAX], text[SENTENCE_MAX];

	LIST_EACH(report->judgement.effects, struct effect_judgement, own) {
		if (!words_differing(own, text))
			continue;
		snprintf(title, sizeof(title), "fault %.120s: not as asked", own->fault->spec->id);
		annotate(out, &warning, title, text);
	}
}

void report_annotations(FILE *out, const struct report *report)
{
	const struct judgement *judgement = &report->judgement;
	struct annotation whole = {.level = judgement->exit_code ? "error" : "notice",
		.file = report->story.scenario_file,
		.line = 1};
	struct scenario_text source = read_scenario(report->story.scenario_file);
	char title[2 * WORDS_MAX], text[SENTENCE_MAX];

	snprintf(title, sizeof(title), "%s: %.200s", judgement->headline,
		report->record.scenario.title);
	annotate(out, &whole, title, judgement->reason);
	if (words_unread(report, text)) {
		const struct annotation warning = {
			.level = "warning", .file = report->story.scenario_file, .line = 1};

		annotate(out, &warning, "the journal was not read whole", text);
	}
	annotate_claims(out, report, &source);
	annotate_faults(out, report);
	LIST_EACH(judgement->reverts, struct revert_judgement, own) {
		if (own->confirmed)
			continue;
		whole.level = "error";
		snprintf(title, sizeof(title), "revert not confirmed on %.120s", own->node);
		annotate(out, &whole, title, own->text);
	}
	cJSON_Delete(source.tree);
	free(source.text);
}

/* "x.json:17: …": the line, and the file's name alone in `file`; 0 where no file is named. */
static int place_in(const char *reason, char file[PATH_MAX])
{
	const char *colon = reason;
	int line, used = 0;

	while ((colon = strchr(colon, ':'))) {
		size_t length = (size_t)(colon - reason);

		if (sscanf(colon, ":%9d:%n", &line, &used) == 1 && used > 0 && line > 0 &&
			length < PATH_MAX) {
			memcpy(file, reason, length);
			file[length] = '\0';
			return access(file, F_OK) == 0 ? line : 0;
		}
		colon++;
	}
	return 0;
}

void report_annotate_refusal(FILE *out, const char *headline, const char *reason)
{
	struct annotation whole = {.level = "error"};
	char file[PATH_MAX];

	whole.line = place_in(reason, file);
	whole.file = whole.line ? file : NULL;
	annotate(out, &whole, headline, reason);
}
