/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_SHAPE_H
#define BACKBURN_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "contract/fail.h"

/*
 * Tables that say what a JSON object may hold: the single source for decoding, ranges, defaults,
 * help, the catalogue and the published schema. Everything that people or peers write (scenario,
 * lab, policy, parameters of a fault, verbs of the wire) is decoded through one of these.
 *
 * A `struct shape` describes a C struct; each `struct field` one key and where it goes.
 * Memory of decoded values belongs to the struct; shape_free() gives it back.
 */
enum field_kind {
	FIELD_BOOL,      /* bool; with min 1 only true */
	FIELD_INTEGER,   /* int64_t, min..max */
	FIELD_NUMBER,    /* double, min..max */
	FIELD_RATIO,     /* double, 0..1 (narrower with min/max) */
	FIELD_DURATION,  /* int64_t nanoseconds; JSON "250ms"; min/max in ns */
	FIELD_SIZE,      /* int64_t bytes; JSON "64KiB"; min/max in bytes */
	FIELD_BANDWIDTH, /* int64_t bits a second; JSON "10Mbit"; min/max in bits */
	FIELD_I64,       /* int64_t; JSON decimal string: ids and timestamps on the wire */
	FIELD_ENUM,      /* int: index into .words */
	FIELD_STRING,    /* char *, owned */
	FIELD_NAME,      /* char *, owned: letters, digits, '.', '_', '-'; at most 63 */
	FIELD_PREFIX,    /* struct prefix: an address or a prefix */
	FIELD_PORTS,     /* struct port_set: 80, "8000-8080", or a list of these */
	FIELD_GROUP,     /* char *, owned: the name of a group; existence is the caller's check */
	FIELD_NODE,      /* char *, owned: the name of a node or a group */
	FIELD_FAULT,     /* char *, owned: the name of a kind of fault; likewise */
	FIELD_JSON,      /* cJSON *, owned copy; any value */
	FIELD_WITH,    /* cJSON *, owned: an object, the parameters of the FIELD_FAULT beside it */
	FIELD_TEXT,    /* cJSON *, owned: a string, or {"secret": NAME} in its place */
	FIELD_TEXTS,   /* cJSON *, owned: an object of such texts */
	FIELD_STRINGS, /* cJSON *, owned: an object of strings */
	FIELD_NAMES,   /* cJSON *, owned: an object of lists of names: {"n1": ["n2", "n3"]} */
	FIELD_COUNT,   /* struct count: 3, or {"min": 1, "max": 3} with either or both */
	FIELD_OBJECT,  /* a pointer to .sub's struct, owned; NULL when absent */
	FIELD_LIST,    /* struct list of .item (FIELD_OBJECT: of .sub's structs, in place) */
	FIELD_MAP, /* struct list of .sub's structs; each one's key is its first member, char * */
	FIELD_KINDS
};

struct list {
	void *items; /* owned, contiguous */
	size_t count;
};

/* How many there must be; both included. */
struct count {
	int64_t min, max;
};
enum {
	COUNT_MAX = 100000
};

#define LIST_AT(list, type, index) (&((type *)(list).items)[index])
#define LIST_EACH(list, type, item)                                                                \
	for (type *item = (type *)(list).items;                                                    \
		item && item < (type *)(list).items + (list).count; item++)

struct shape;

/*
 * The exact form of a text, where its kind allows more. `pattern` is an extended regular expression
 * that reads the same to POSIX and to JSON Schema: anchored, without classes like \d or [:alpha:],
 * with at most one counted repetition.
 */
struct form {
	const char *pattern;
	const char *says; /* "an HTTP method: capital letters" */
};

/* Fields of one shape that exclude, or can replace, one another. */
enum field_choice {
	CHOICE_NONE,
	CHOICE_ONE, /* exactly one of the shape's fields of this choice must be there */
	CHOICE_ANY, /* at least one of them */
};

/* A word that people will try, and what to tell them. */
struct refused_word {
	const char *word, *reason;
};

#define FIELD_OF(word) (1U << (word))

struct field {
	const char *key;
	enum field_kind kind;
	size_t offset;
	bool required;
	bool later;       /* known, but not built yet: refused by name, never ignored */
	bool one_is_list; /* FIELD_LIST: a bare value means a list of one */
	bool allow_empty; /* FIELD_LIST, FIELD_STRING: may be empty (default: must not) */
	bool or_nan;      /* FIELD_NUMBER: NAN when absent, where each number means something */
	bool live;        /* a fault's parameter that may be changed while the fault acts */
	enum field_choice choice;
	const char *needs; /* the key that must be there when this one is; or NULL */
	/*
	 * Belongs only to some words of the shape's enum "type" or "model", FIELD_OF(index) | …;
	 * then `required` is meant for those. A type that is left out is its preset. 0: to all.
	 */
	unsigned int of;
	const struct form *form; /* of a string or name, or of the keys of FIELD_MAP and _STRINGS */
	double min, max;         /* both zero: no bound beyond the kind's own */
	const char *preset;      /* default as JSON text; NULL: zero / NULL */
	const char *const *words;           /* FIELD_ENUM: NULL-terminated */
	const struct refused_word *refused; /* FIELD_ENUM: ended by a NULL word; or NULL */
	enum field_kind item;               /* FIELD_LIST */
	const struct shape *sub;            /* FIELD_OBJECT, FIELD_MAP, FIELD_LIST of objects */
	const char *unit;                   /* for help: "ports", "packets"; durations need none */
	const char *help;                   /* one sentence */
};

struct shape {
	const char *name; /* what the object is called in error texts: "phase" */
	size_t size;      /* of the C struct */
	const struct field *fields;
	size_t count;
	const char *help;
};

#define SHAPE_FIELDS(array) .fields = (array), .count = sizeof(array) / sizeof((array)[0])

/*
 * Decodes `value` into `out` (shape->size bytes, overwritten). `path` is where the value stands
 * in its file ("" at the top). On failure `fail` is FAIL_BAD_FILE with the exact path, and `out`
 * is left zeroed. With out == NULL the value is only checked, and {"param": NAME} passes in any
 * value's place: what will stand there is known when the file is used.
 */
int shape_decode(const struct shape *shape, const cJSON *value, const char *path, void *out,
	struct fail *fail);

/* Frees what decoding allocated inside `decoded` (not the struct itself) and zeroes it. */
void shape_free(const struct shape *shape, void *decoded);

/* The JSON that decodes to this struct. Values equal to an absent optional are left out. */
cJSON *shape_encode(const struct shape *shape, const void *decoded);

/* The table as data, as the injector publishes it in its catalogue. */
cJSON *shape_describe(const struct shape *shape);

/*
 * A shape built from shape_describe()'s output: it can check values (shape_decode with out NULL),
 * not decode them. Free with shape_description_free().
 */
struct shape *shape_from_description(const cJSON *description, struct fail *fail);
void shape_description_free(struct shape *shape);

/* {"param": NAME} or {"secret": NAME}, as `key` says: the name (borrowed), or NULL. */
const char *shape_reference(const cJSON *value, const char *key);

bool form_matches(const struct form *form, const char *text);

/* The enum that `of` speaks of, and the index of its preset among its words; NULL, -1: none. */
const struct field *shape_type(const struct shape *shape);
int shape_type_preset(const struct field *type);

/* The word for a kind in catalogue and help: "duration", "ratio", … */
const char *field_kind_word(enum field_kind kind);

#endif
