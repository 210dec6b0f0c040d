/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_SHAPE_PARTS_H
#define BACKBURN_SHAPE_PARTS_H

#include "contract/address.h"
#include "contract/shape.h"

/* What the files of shape.h share. */

/* Where a value stands and where it goes; `out` may be NULL when a value is only checked. */
struct place {
	const struct field *field;
	enum field_kind kind; /* of the value itself: an item's kind inside a list */
	const char *path;
	void *out;
};

/* Every kind before FIELD_OBJECT. */
int shape_decode_scalar(const struct place *place, const cJSON *value, struct fail *fail);

/* Of those, the kinds that keep their JSON, and FIELD_COUNT. */
int shape_decode_tree(const struct place *place, const cJSON *value, struct fail *fail);
int shape_decode_count(const struct place *place, const cJSON *value, struct fail *fail);

/* choice, needs and of: whether the keys that are there may stand beside one another. */
int shape_check_rules(
	const struct shape *shape, const cJSON *object, const char *path, struct fail *fail);

/* "must be …, not …" */
int shape_wrong_kind(
	const struct place *place, const cJSON *value, const char *expected, struct fail *fail);

/* What FIELD_NAME allows; a map's keys are names, too. */
int shape_check_name(const struct place *place, const char *text, struct fail *fail);

/* The field's form, where it has one; text that is longer than FORM_TEXT_MAX has no form. */
int shape_check_form(const struct place *place, const char *text, struct fail *fail);
enum {
	FORM_TEXT_MAX = 4096
};

/* Kinds that are decoded to an owned char *, and to an owned cJSON *. */
bool shape_is_text(enum field_kind kind);
bool shape_is_tree(enum field_kind kind);

/* Bytes of one item in the field's list. */
size_t shape_item_size(const struct field *field);

#endif
