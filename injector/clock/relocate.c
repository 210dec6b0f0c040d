/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/clock/relocate.h"

#include <Zydis/Zydis.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

struct instruction {
	ZydisDecodedInstruction decoded;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
};

static bool decode(const struct code *code, size_t at, struct instruction *out)
{
	ZydisDecoder decoder;

	return ZYAN_SUCCESS(ZydisDecoderInit(
		       &decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64)) &&
		ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, code->bytes + at, code->length - at,
			&out->decoded, out->operands));
}

static bool is_branch(const struct instruction *instruction)
{
	switch (instruction->decoded.meta.category) {
	case ZYDIS_CATEGORY_CALL:
	case ZYDIS_CATEGORY_COND_BR:
	case ZYDIS_CATEGORY_UNCOND_BR:
	case ZYDIS_CATEGORY_RET:
	case ZYDIS_CATEGORY_INTERRUPT:
	case ZYDIS_CATEGORY_SYSCALL:
		return true;
	default:
		return false;
	}
}

/* Nothing in the function may lead to between the first byte and `end`. */
static int check_targets(const struct code *function, size_t end, struct fail *fail)
{
	struct instruction instruction;

	for (size_t at = end; at < function->length; at += instruction.decoded.length) {
		uint64_t target;

		if (!decode(function, at, &instruction))
			return fail_set(
				fail, FAIL_REFUSED, "what stands at +%zu can't be read", at);
		if (!(instruction.decoded.attributes & ZYDIS_ATTRIB_IS_RELATIVE) ||
			!is_branch(&instruction) ||
			!ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(&instruction.decoded,
				&instruction.operands[0], function->address + at, &target)))
			continue;
		if (target > function->address && target < function->address + end)
			return fail_set(fail, FAIL_REFUSED,
				"+%zu leads back into the first instructions", at);
	}
	return 0;
}

static int put_distance(uint8_t *field, uint64_t from, uint64_t to, struct fail *fail)
{
	int64_t distance = (int64_t)(to - from);
	int32_t narrow = (int32_t)distance;

	if (distance != narrow)
		return fail_set(fail, FAIL_REFUSED, "no memory is free near enough");
	memcpy(field, &narrow, sizeof(narrow));
	return 0;
}

/* One instruction, whose memory operand may count from the place where it stands. */
static int move(const struct code *from, const struct instruction *instruction, uint64_t to,
	uint8_t *out, struct fail *fail)
{
	const ZydisDecodedInstruction *decoded = &instruction->decoded;
	uint64_t meant = from->address + decoded->length + (uint64_t)decoded->raw.disp.value;

	if (is_branch(instruction))
		return fail_set(fail, FAIL_REFUSED, "its first instructions branch");
	memcpy(out, from->bytes, decoded->length);
	if (!(decoded->attributes & ZYDIS_ATTRIB_IS_RELATIVE))
		return 0;
	if (decoded->raw.disp.size != 32)
		return fail_set(fail, FAIL_REFUSED, "its first instructions can't be moved");
	return put_distance(out + decoded->raw.disp.offset, to + decoded->length, meant, fail);
}

int relocate_jump(uint64_t from, uint64_t to, uint8_t out[static JUMP_BYTES], struct fail *fail)
{
	out[0] = 0xe9;
	return put_distance(out + 1, from + JUMP_BYTES, to, fail);
}

int relocate_prologue(const struct code *function, uint64_t to, uint8_t out[static RELOCATED_MAX],
	size_t *out_length, struct fail *fail)
{
	struct instruction instruction;
	struct code rest;
	size_t at = 0;

	while (at < JUMP_BYTES) {
		if (at >= function->length || !decode(function, at, &instruction))
			return fail_set(
				fail, FAIL_REFUSED, "what stands at +%zu can't be read", at);
		rest = (struct code){.bytes = function->bytes + at,
			.length = function->length - at,
			.address = function->address + at};
		if (move(&rest, &instruction, to + at, out + at, fail) < 0)
			return -1;
		at += instruction.decoded.length;
	}
	if (check_targets(function, at, fail) < 0 ||
		relocate_jump(to + at, function->address + at, out + at, fail) < 0)
		return -1;
	*out_length = at + JUMP_BYTES;
	return 0;
}
