/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a fuzz target is made of.
 *
 * A target is one file, X_fuzz.c, with the two functions below.  With clang
 * and -fsanitize=fuzzer libFuzzer brings main() and calls the first one; with
 * any compiler main.c does, with seeds and mutations that are the same on
 * every run.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of the longest input that is worth trying. */
enum { FUZZ_INPUT_MAX = 4096 };

/* Try one input.  Whatever is wrong ends the program. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* => The length of the n-th good input, written to to; 0 past the last. */
size_t fuzz_seed(unsigned n, uint8_t to[FUZZ_INPUT_MAX]);

/* End the program: something is that must not be. */
_Noreturn void fuzz_wrong(const char *sentence);

/* Bytes of an input that were not used yet; behind the end all are zero. */
struct fuzz_in {
	const uint8_t *at;
	size_t left;
};

static inline uint8_t fuzz_u8(struct fuzz_in *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->at++;
}

static inline uint16_t fuzz_u16(struct fuzz_in *in)
{
	unsigned high = fuzz_u8(in);

	return (uint16_t)(high << 8 | fuzz_u8(in));
}

/* Bytes on the heap, exactly as many as there are, so that a read past the
 * end is seen.  => The caller frees them. */
uint8_t *fuzz_copy(const uint8_t *bytes, size_t len);

/* The same, with so much room behind it. */
uint8_t *fuzz_roomy(const uint8_t *bytes, size_t len, size_t room);

#endif
