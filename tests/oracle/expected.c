/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Known failures; see expected.h.
 */
#include <stdio.h>
#include <string.h>

#include "expected.h"

static void add_line(struct expected *expected, char *line)
{
	size_t len = strcspn(line, " \t\n");
	const char *reason = line + len + strspn(line + len, " \t\n");

	if (!len || *line == '#')
		return;
	line[strcspn(line, "\n")] = '\0';
	line[len] = '\0';
	json_object_set_new(expected->reasons, line, json_string(reason));
}

bool expected_read(struct expected *expected, const char *path)
{
	FILE *in = fopen(path, "r");
	char line[512];

	if (!in)
		return false;
	expected->reasons = json_object();
	while (fgets(line, sizeof(line), in))
		add_line(expected, line);
	fclose(in);
	return true;
}

void expected_free(struct expected *expected)
{
	json_decref(expected->reasons);
}

const char *expected_reason(const struct expected *expected, const char *name)
{
	return json_string_value(json_object_get(expected->reasons, name));
}
