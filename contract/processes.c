/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/processes.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "contract/memory.h"

#define AT(type, member) .offset = offsetof(struct type, member)

const char *const signal_result_words[] = {"not_sent", "sent", "gone", "failed", NULL};
static_assert(sizeof(signal_result_words) / sizeof(char *) == SIGNAL_FAILED + 2, "a word each");

static const char *const rank_words[] = {"age", "memory", NULL};
static_assert(sizeof(rank_words) / sizeof(char *) == RANK_MEMORY + 2, "a word each");

/* --- tables ---------------------------------------------------------------------------- */

static const struct form path_form = {
	.pattern = "^/", .says = "an absolute path: it does not begin with \"/\""};
static const struct form unit_form = {.pattern = "^[A-Za-z0-9:_.@\\\\-]+[.](service|scope)$",
	.says = "a unit's whole name, as systemd writes it, that ends in .service or .scope"};

static const struct field selector_fields[] = {
	{.key = "exe",
		.kind = FIELD_STRING,
		AT(process_selector, exe),
		.choice = CHOICE_ANY,
		.form = &path_form,
		.help = "path of the program, as /proc/PID/exe says it"},
	{.key = "cmdline",
		.kind = FIELD_STRING,
		AT(process_selector, cmdline),
		.choice = CHOICE_ANY,
		.help = "all arguments joined by one blank; * and ? as in file names"},
	{.key = "pidfile",
		.kind = FIELD_STRING,
		AT(process_selector, pidfile),
		.choice = CHOICE_ANY,
		.form = &path_form,
		.help = "path of a file on the host whose first line is the process id"},
	{.key = "cgroup",
		.kind = FIELD_STRING,
		AT(process_selector, cgroup),
		.choice = CHOICE_ANY,
		.form = &path_form,
		.help = "path below the cgroup v2 mount: processes in it and below it"},
	{.key = "unit",
		.kind = FIELD_STRING,
		AT(process_selector, unit),
		.choice = CHOICE_ANY,
		.form = &unit_form,
		.help = "a service or scope of the host's systemd: processes in its cgroup and "
			"below it"},
	{.key = "port",
		.kind = FIELD_INTEGER,
		AT(process_selector, port),
		.choice = CHOICE_ANY,
		.min = 1,
		.max = 65535,
		.help = "who listens on this TCP port"},
	{.key = "count",
		.kind = FIELD_INTEGER,
		AT(process_selector, count),
		.min = 1,
		.max = PROCESSES_MAX,
		.help = "only so many of them, the oldest first, or those that \"largest\" says"},
	{.key = "largest",
		.kind = FIELD_ENUM,
		AT(process_selector, largest),
		.words = rank_words,
		.needs = "count",
		.help = "which of them come first: the oldest (if left out), or those with the "
			"most "
			"resident memory"},
};
const struct shape process_selector_shape = {.name = "processes",
	.size = sizeof(struct process_selector),
	SHAPE_FIELDS(selector_fields),
	.help = "Processes on a node; several keys narrow."};

static const struct field target_fields[] = {
	{.key = "pid", .kind = FIELD_INTEGER, AT(process_target, pid), .required = true},
	{.key = "start_ticks",
		.kind = FIELD_I64,
		AT(process_target, start_ticks),
		.required = true},
	{.key = "exe", .kind = FIELD_STRING, AT(process_target, exe), .required = true},
	{.key = "cmdline",
		.kind = FIELD_STRING,
		AT(process_target, cmdline),
		.required = true,
		.allow_empty = true},
	{.key = "uid", .kind = FIELD_INTEGER, AT(process_target, uid), .required = true},
	{.key = "cgroup",
		.kind = FIELD_STRING,
		AT(process_target, cgroup),
		.required = true,
		.allow_empty = true},
};
const struct shape process_target_shape = {
	.name = "process", .size = sizeof(struct process_target), SHAPE_FIELDS(target_fields)};

static const struct field evidence_fields[] = {
	{.key = "pid", .kind = FIELD_INTEGER, AT(process_evidence, pid), .required = true},
	{.key = "start_ticks",
		.kind = FIELD_I64,
		AT(process_evidence, start_ticks),
		.required = true},
	{.key = "cmdline",
		.kind = FIELD_STRING,
		AT(process_evidence, cmdline),
		.required = true,
		.allow_empty = true},
	{.key = "signal", .kind = FIELD_NAME, AT(process_evidence, signal), .required = true},
	{.key = "age_ns", .kind = FIELD_I64, AT(process_evidence, age_ns), .required = true},
	{.key = "must_exit", .kind = FIELD_BOOL, AT(process_evidence, must_exit), .required = true},
	{.key = "sent_ns", .kind = FIELD_I64, AT(process_evidence, sent_ns), .required = true},
	{.key = "exited_ns", .kind = FIELD_I64, AT(process_evidence, exited_ns), .required = true},
	{.key = "result",
		.kind = FIELD_ENUM,
		.words = signal_result_words,
		AT(process_evidence, result),
		.required = true},
	{.key = "reason", .kind = FIELD_STRING, AT(process_evidence, reason)},
	{.key = "trap", .kind = FIELD_STRING, AT(process_evidence, trap)},
	{.key = "calls", .kind = FIELD_I64, AT(process_evidence, calls)},
	{.key = "strike",
		.kind = FIELD_INTEGER,
		AT(process_evidence, strike),
		.min = 1,
		.max = STRIKES_MAX},
	{.key = "how", .kind = FIELD_NAME, AT(process_evidence, how)},
	{.key = "times", .kind = FIELD_I64, AT(process_evidence, times)},
	{.key = "held_ns", .kind = FIELD_I64, AT(process_evidence, held_ns)},
	{.key = "threads", .kind = FIELD_I64, AT(process_evidence, threads)},
};
const struct shape process_evidence_shape = {.name = "process evidence",
	.size = sizeof(struct process_evidence),
	SHAPE_FIELDS(evidence_fields)};

/* Numbers of processes; no kernel has more. */
#define PIDS_MAX 4194304

static const struct field strike_fields[] = {
	{.key = "at_ns", .kind = FIELD_I64, AT(strike_evidence, at_ns), .required = true},
	{.key = "whole", .kind = FIELD_BOOL, AT(strike_evidence, whole)},
	{.key = "chosen",
		.kind = FIELD_INTEGER,
		AT(strike_evidence, chosen),
		.required = true,
		.max = PIDS_MAX},
	{.key = "sent",
		.kind = FIELD_INTEGER,
		AT(strike_evidence, sent),
		.required = true,
		.max = PIDS_MAX},
	{.key = "exited",
		.kind = FIELD_INTEGER,
		AT(strike_evidence, exited),
		.required = true,
		.max = PIDS_MAX},
	{.key = "wanted",
		.kind = FIELD_INTEGER,
		AT(strike_evidence, wanted),
		.required = true,
		.max = PIDS_MAX},
	{.key = "back",
		.kind = FIELD_INTEGER,
		AT(strike_evidence, back),
		.required = true,
		.max = PIDS_MAX},
	{.key = "back_pid",
		.kind = FIELD_INTEGER,
		AT(strike_evidence, back_pid),
		.min = 1,
		.max = PIDS_MAX},
	{.key = "back_ns", .kind = FIELD_I64, AT(strike_evidence, back_ns), .required = true},
	{.key = "looked_ns", .kind = FIELD_I64, AT(strike_evidence, looked_ns), .required = true},
	{.key = "trouble", .kind = FIELD_STRING, AT(strike_evidence, trouble)},
};
const struct shape strike_evidence_shape = {
	.name = "strike", .size = sizeof(struct strike_evidence), SHAPE_FIELDS(strike_fields)};

/* --- selectors ------------------------------------------------------------------------- */

const char *process_selector_text(
	const struct process_selector *selector, char *buffer, size_t size)
{
	const struct {
		const char *key, *value;
	} parts[] = {{"exe", selector->exe}, {"cmdline", selector->cmdline},
		{"pidfile", selector->pidfile}, {"cgroup", selector->cgroup},
		{"unit", selector->unit}};
	size_t used = 0;

	buffer[0] = '\0';
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!parts[i].value)
			continue;
		used += (size_t)snprintf(buffer + used, size - used, "%s%s %.100s",
			used ? ", " : "", parts[i].key, parts[i].value);
		used = used < size ? used : size - 1;
	}
	if (selector->port) {
		used += (size_t)snprintf(buffer + used, size - used, "%sport %lld",
			used ? ", " : "", (long long)selector->port);
		used = used < size ? used : size - 1;
	}
	if (selector->count)
		snprintf(buffer + used, size - used,
			selector->largest == RANK_MEMORY ? "; the %lld with the most memory"
							 : "; the oldest %lld",
			(long long)selector->count);
	return buffer;
}

/* --- texts ----------------------------------------------------------------------------- */

char *process_text(const char *text, size_t json_max)
{
	static const char cut[] = "...", hex[] = "0123456789abcdef";
	char *out = must_alloc(json_max + sizeof(cut));
	size_t used = 0, json = 0;

	for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
		bool plain = *at >= ' ' && *at < 0x7f && *at != '"' && *at != '\\';
		/* \xNN, whose backslash JSON doubles */
		size_t cost = plain ? 1 : 5;

		if (json + cost + (at[1] ? sizeof(cut) - 1 : 0) > json_max) {
			memcpy(out + used, cut, sizeof(cut));
			return out;
		}
		json += cost;
		if (plain) {
			out[used++] = (char)*at;
		} else {
			out[used++] = '\\';
			out[used++] = 'x';
			out[used++] = hex[*at >> 4];
			out[used++] = hex[*at & 15];
		}
	}
	out[used] = '\0';
	return out;
}

bool process_came_later(const struct process_evidence *process)
{
	return process->how && strcmp(process->how, "gate") == 0;
}

bool process_is_skewed(const struct process_evidence *process)
{
	return process_came_later(process) || (process->how && strcmp(process->how, "detour") == 0);
}
