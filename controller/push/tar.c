/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/push/tar.h"

#include <assert.h>
#include <string.h>

enum {
	BLOCK = 512
};

/* POSIX.1-2017, pax(1), "ustar Interchange Format": octal numbers as text, ended by a NUL. */
struct header {
	char name[100];
	char mode[8], uid[8], gid[8];
	char size[12], changed[12];
	char checksum[8];
	char type;
	char link[100];
	char magic[6], version[2];
	char user[32], group[32];
	char device[2][8];
	char prefix[155];
	char padding[12];
};
static_assert(sizeof(struct header) == BLOCK, "one block");

static void put_octal(char *field, size_t size, unsigned long long value)
{
	char text[24];

	snprintf(text, sizeof(text), "%0*llo", (int)size - 1, value);
	memcpy(field, text, size);
}

/* The sum of all bytes, with blanks where the sum itself will stand. */
static void put_checksum(struct header *header)
{
	const unsigned char *bytes = (const unsigned char *)header;
	unsigned int sum = 0;

	memset(header->checksum, ' ', sizeof(header->checksum));
	for (size_t i = 0; i < sizeof(*header); i++)
		sum += bytes[i];
	put_octal(header->checksum, sizeof(header->checksum) - 1, sum);
}

static void pad(FILE *out, size_t size)
{
	static const char zeros[BLOCK];

	if (size % BLOCK)
		fwrite(zeros, 1, BLOCK - size % BLOCK, out);
}

void tar_put(FILE *out, const struct tar_entry *entry)
{
	struct header header = {.type = entry->data ? '0' : '5',
		.magic = "ustar",
		.version = {'0', '0'},
		.user = "root",
		.group = "root"};

	snprintf(header.name, sizeof(header.name), "%s", entry->name);
	put_octal(header.mode, sizeof(header.mode), entry->mode);
	put_octal(header.uid, sizeof(header.uid), 0);
	put_octal(header.gid, sizeof(header.gid), 0);
	put_octal(header.size, sizeof(header.size), entry->size);
	put_octal(header.changed, sizeof(header.changed), (unsigned long long)entry->changed_s);
	put_checksum(&header);
	fwrite(&header, 1, sizeof(header), out);
	if (entry->data)
		fwrite(entry->data, 1, entry->size, out);
	pad(out, entry->size);
}

void tar_end(FILE *out)
{
	static const char zeros[2 * BLOCK];

	fwrite(zeros, 1, sizeof(zeros), out);
}
