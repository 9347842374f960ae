/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading and writing goldens.  zlib's reader takes plain files as they are.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "golden.h"

enum { CHUNK = 1 << 16 };

/* A whole file as a string, or NULL. */
static char *slurp(const char *path)
{
	gzFile in = gzopen(path, "rb");
	size_t len = 0;
	char *text = NULL;
	int got;

	if (!in)
		return NULL;
	do {
		char *more = realloc(text, len + CHUNK + 1);

		if (!more) {
			got = -1;
			break;
		}
		text = more;
		got = gzread(in, text + len, CHUNK);
		len += got > 0 ? (size_t)got : 0;
	} while (got > 0);
	gzclose(in);
	if (got < 0) {
		free(text);
		return NULL;
	}
	text[len] = '\0';
	return text;
}

/* A line's record goes where it belongs; false if it is none. */
static bool add_line(struct golden *golden, const char *line)
{
	json_error_t error;
	json_t *record = json_loads(line, JSON_REJECT_DUPLICATES, &error);
	const char *kind = json_string_value(json_object_get(record, "rec"));

	if (kind && !strcmp(kind, "scenario") && !golden->scenario) {
		golden->scenario = record;
		return true;
	}
	if (kind && !strcmp(kind, "packet") && golden->scenario)
		return !json_array_append_new(golden->packets, record);
	json_decref(record);
	return false;
}

static bool add_lines(struct golden *golden, char *text)
{
	char *rest = text;
	char *line;

	while ((line = strsep(&rest, "\n")))
		if (*line && !add_line(golden, line))
			return false;
	return golden->scenario != NULL;
}

/* "dir/tcp_life.jsonl.gz" is called "tcp_life". */
static char *name_of(const char *path)
{
	static const char *const endings[] = { ".gz", ".jsonl" };
	const char *slash = strrchr(path, '/');
	char *name = strdup(slash ? slash + 1 : path);
	size_t i;

	for (i = 0; name && i < sizeof(endings) / sizeof(*endings); i++) {
		size_t len = strlen(name);
		size_t cut = strlen(endings[i]);

		if (len > cut && !strcmp(name + len - cut, endings[i]))
			name[len - cut] = '\0';
	}
	return name;
}

bool golden_read(const char *path, struct golden *golden)
{
	char *text = slurp(path);
	bool good;

	if (!text) {
		fprintf(stderr, "ct-oracle: %s: cannot be read\n", path);
		return false;
	}
	golden->name = name_of(path);
	golden->scenario = NULL;
	golden->packets = json_array();
	good = golden->name && add_lines(golden, text);
	free(text);
	if (!good) {
		fprintf(stderr, "ct-oracle: %s: not a golden\n", path);
		golden_free(golden);
	}
	return good;
}

void golden_free(struct golden *golden)
{
	free(golden->name);
	json_decref(golden->scenario);
	json_decref(golden->packets);
}

static bool write_line(FILE *out, const json_t *record)
{
	return !json_dumpf(record, out, JSON_COMPACT) && fputc('\n', out) >= 0;
}

bool golden_write(const char *dir, const struct golden *golden,
		  const json_t *records)
{
	char path[4096];
	size_t i;
	json_t *record;
	bool good;
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s.jsonl", dir, golden->name);
	out = fopen(path, "w");
	good = out && write_line(out, golden->scenario);
	json_array_foreach(records, i, record) good =
		good && write_line(out, record);
	if (out && fclose(out))
		good = false;
	if (!good)
		fprintf(stderr, "ct-oracle: %s: %s\n", path, strerror(errno));
	return good;
}
