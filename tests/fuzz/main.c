/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A fuzzer for those who have no libFuzzer: the target's seeds, then mutations
 * of them.  It knows nothing of coverage; it is a test that is the same on
 * every run, and the way to run one input again.
 *
 *	fuzz.X [-runs=N] [-seed=N]	seeds, then N mutations
 *	fuzz.X FILE...			these inputs only
 *	fuzz.X -write=DIR		write the seeds, for libFuzzer
 *
 * When the program dies the input is left in the file fuzz-crash.
 */
#include "fuzz.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of the sanitizers' run time, if there is one. */
void __sanitizer_set_death_callback(void (*fn)(void)) __attribute__((weak));

static uint8_t input[FUZZ_INPUT_MAX];
static size_t input_len;

/* --- Death -------------------------------------------------------------- */

static void leave_input(void)
{
	FILE *file = fopen("fuzz-crash", "wb");

	if (!file)
		return;
	fwrite(input, 1, input_len, file);
	fclose(file);
	fputs("the input is in fuzz-crash\n", stderr);
}

static void on_signal(int number)
{
	/* Nothing is left to be broken by calling stdio from here. */
	leave_input();
	signal(number, SIG_DFL);
	raise(number);
}

static void try_input(void)
{
	uint8_t *copy = fuzz_copy(input, input_len);

	LLVMFuzzerTestOneInput(copy, input_len);
	free(copy);
}

/* --- Mutations ---------------------------------------------------------- */

static uint64_t random_state;

/* xorshift64* */
static uint32_t random_below(uint32_t n)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (uint32_t)((random_state * 0x2545f4914f6cdd1du) >> 32) % n;
}

static uint8_t random_byte(void)
{
	static const uint8_t likely[] = { 0, 1, 0x7f, 0x80, 0xff };

	return random_below(4) ? (uint8_t)random_below(256)
			       : likely[random_below(sizeof(likely))];
}

static void insert(uint32_t at)
{
	uint32_t n = 1 + random_below(8);

	if (input_len + n > sizeof(input))
		return;
	memmove(&input[at + n], &input[at], input_len - at);
	input_len += n;
	while (n--)
		input[at + n] = random_byte();
}

static void delete (uint32_t at)
{
	uint32_t n = 1 + random_below(8);

	if (at + n > input_len)
		return;
	memmove(&input[at], &input[at + n], input_len - at - n);
	input_len -= n;
}

/* The beginning of this input, then the end of another seed. */
static void splice(uint32_t at, unsigned n_seeds)
{
	static uint8_t other[FUZZ_INPUT_MAX];
	size_t len = fuzz_seed(random_below(n_seeds), other);
	uint32_t from = random_below((uint32_t)len);

	if (at + len - from > sizeof(input))
		return;
	memcpy(&input[at], &other[from], len - from);
	input_len = at + len - from;
}

static void mutate(unsigned n_seeds)
{
	uint32_t at;

	if (!input_len) {
		insert(0);
		return;
	}
	at = random_below((uint32_t)input_len);
	switch (random_below(8)) {
	case 0:
		insert(at);
		break;
	case 1:
		delete (at);
		break;
	case 2:
		splice(at, n_seeds);
		break;
	case 3:
		if (random_below(4) == 0)
			input_len = at;
		break;
	case 4:
		input[at] ^= (uint8_t)(1u << random_below(8));
		break;
	default:
		input[at] = random_byte();
	}
}

static unsigned count_seeds(void)
{
	unsigned n = 0;

	while (fuzz_seed(n, input))
		n++;
	if (!n)
		fuzz_wrong("the target has no seeds");
	return n;
}

/* --- Modes -------------------------------------------------------------- */

static int run_all(unsigned runs)
{
	unsigned n_seeds = count_seeds();

	for (unsigned i = 0; i < n_seeds; i++) {
		input_len = fuzz_seed(i, input);
		try_input();
	}
	for (unsigned i = 0; i < runs; i++) {
		unsigned n = 1 + random_below(12);

		input_len = fuzz_seed(random_below(n_seeds), input);
		while (n--)
			mutate(n_seeds);
		try_input();
	}
	printf("%u seeds, %u mutations\n", n_seeds, runs);
	return EXIT_SUCCESS;
}

static int run_file(const char *path)
{
	FILE *file = fopen(path, "rb");

	if (!file) {
		perror(path);
		return EXIT_FAILURE;
	}
	input_len = fread(input, 1, sizeof(input), file);
	fclose(file);
	try_input();
	return EXIT_SUCCESS;
}

static int write_seeds(const char *dir)
{
	char path[4096];

	for (unsigned i = 0; (input_len = fuzz_seed(i, input)) != 0; i++) {
		FILE *file;

		snprintf(path, sizeof(path), "%s/seed-%05u", dir, i);
		file = fopen(path, "wb");
		if (!file || fwrite(input, 1, input_len, file) != input_len ||
		    fclose(file)) {
			perror(path);
			return EXIT_FAILURE;
		}
	}
	return EXIT_SUCCESS;
}

/* => The text behind "-name=", if arg has that name. */
static const char *option(const char *arg, const char *name)
{
	size_t len = strlen(name);

	return strncmp(arg, name, len) ? NULL : arg + len;
}

int main(int argc, char **argv)
{
	unsigned long runs = 10000;
	unsigned long seed = 1;
	int status = EXIT_SUCCESS;
	bool files = false;

	signal(SIGABRT, on_signal);
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(leave_input);
	for (int i = 1; i < argc; i++) {
		const char *value;

		if ((value = option(argv[i], "-runs="))) {
			runs = strtoul(value, NULL, 10);
		} else if ((value = option(argv[i], "-seed="))) {
			seed = strtoul(value, NULL, 10);
		} else if ((value = option(argv[i], "-write="))) {
			return write_seeds(value);
		} else {
			files = true;
			status |= run_file(argv[i]);
		}
	}
	random_state = seed * 0x9e3779b97f4a7c15u | 1;
	return files ? status : run_all((unsigned)runs);
}
