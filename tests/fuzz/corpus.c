/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The packets of the goldens; see corpus.h.
 *
 * A golden has one JSON object in each line; its packet stands in hexadecimal
 * digits under the key "in".  That is all that is read here, so that the
 * fuzzers need no JSON library.
 */
#include "corpus.h"

#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct corpus_packet *packets;
static unsigned n_packets;
static unsigned max_packets;

static int digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static void add(const char *hex, bool first)
{
	size_t n = strspn(hex, "0123456789abcdef") / 2;
	uint8_t *bytes;

	if (!n)
		return;
	bytes = malloc(n);
	if (n_packets == max_packets) {
		max_packets = max_packets ? 2 * max_packets : 1024;
		packets = realloc(packets, max_packets * sizeof(*packets));
	}
	if (!bytes || !packets)
		fuzz_wrong("the fuzzer itself is out of memory");
	for (size_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)(digit(hex[2 * i]) << 4 |
				     digit(hex[2 * i + 1]));
	packets[n_packets++] = (struct corpus_packet){
		.bytes = bytes,
		.len = (uint32_t)n,
		.first = first,
	};
}

static void read_golden(const char *dir, const char *name)
{
	static const char key[] = "\"in\":\"";
	char path[4096];
	char *line = NULL;
	size_t size = 0;
	bool first = true;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "r");
	if (!file)
		return;
	while (getline(&line, &size, file) > 0) {
		const char *hex = strstr(line, key);

		if (!hex)
			continue;
		add(hex + strlen(key), first);
		first = false;
	}
	free(line);
	fclose(file);
}

static int is_golden(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && strcmp(dot, ".jsonl") == 0;
}

static void read_all(void)
{
	const char *dir = getenv("CT_FUZZ_GOLDENS");
	struct dirent **entries;
	int n;

	if (!dir)
		dir = FUZZ_GOLDENS;
	n = scandir(dir, &entries, is_golden, alphasort);
	for (int i = 0; i < n; i++) {
		read_golden(dir, entries[i]->d_name);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	if (!n_packets)
		fuzz_wrong("there are no goldens to take packets from");
}

unsigned corpus_size(void)
{
	if (!n_packets)
		read_all();
	return n_packets;
}

const struct corpus_packet *corpus_at(unsigned n)
{
	unsigned size = corpus_size();

	return &packets[n % size];
}
