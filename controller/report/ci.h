/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_CI_H
#define BACKBURN_CI_H

#include "controller/report/suite_report.h"

/*
 * `run --ci`: what a CI server wants of a run, told apart by the variables that it sets. All get
 * RUNS/ci/junit.xml, report.md and summary.json, at the same place for every run, and backburn.env
 * for GitLab's dotenv reports. GitHub's runner gets annotations, a step summary and outputs as
 * well, and obeys nothing that a run prints; GitLab's log gets it folded.
 */
enum ci_kind {
	CI_GITHUB, /* GITHUB_ACTIONS=true */
	CI_GITLAB, /* GITLAB_CI=true */
	CI_OTHER   /* Jenkins and everybody who reads files */
};

enum {
	CI_WORD_MAX = 33 /* 16 random bytes in hex */
};

struct ci {
	enum ci_kind kind;
	const char *runs_dir;
	char word[CI_WORD_MAX]; /* GitHub: what ends the stretch in which no command is obeyed */
};

/*
 * A word that nobody could have known: targets and scenarios may call themselves like a command of
 * GitHub's runner, which obeys no line between `::stop-commands::WORD` and `::WORD::`.
 */
int ci_make_word(char word[CI_WORD_MAX], struct fail *fail);

/* Before the first line of output, and behind the last. */
int ci_begin(struct ci *ci, const char *runs_dir, struct fail *fail);
void ci_end(const struct ci *ci);

/* What is told of a run. */
struct ci_outcome {
	const char *headline;  /* NULL: what the code is called */
	const char *reason;    /* in one line; NULL: nothing was said */
	const char *directory; /* NULL: refused before it had one */
	int code;
};

/*
 * Files, summary, outputs and annotations of a run: `headline` and `reason` are taken from its
 * journal, if it has one. Failure: one could not be written, and the others were.
 */
int ci_tell_run(const struct ci *ci, const struct ci_outcome *ended, struct fail *fail);
int ci_tell_suite(const struct ci *ci, const struct suite_result *result, const char *directory,
	struct fail *fail);

#endif
