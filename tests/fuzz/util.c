/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What all targets share; see fuzz.h.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fuzz_wrong(const char *sentence)
{
	fprintf(stderr, "wrong: %s\n", sentence);
	abort();
}

uint8_t *fuzz_copy(const uint8_t *bytes, size_t len)
{
	return fuzz_roomy(bytes, len, 0);
}

uint8_t *fuzz_roomy(const uint8_t *bytes, size_t len, size_t room)
{
	uint8_t *copy = malloc(len + room ? len + room : 1);

	if (!copy)
		fuzz_wrong("the fuzzer itself is out of memory");
	if (len)
		memcpy(copy, bytes, len);
	return copy;
}
