/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables out of docs/; see doctable.h.
 */
#include "doctable.h"

#include <check.h>
#include <string.h>

static bool next_line(struct ct_doctable *doc)
{
	if (!fgets(doc->line, sizeof(doc->line), doc->file))
		return false;
	doc->line[strcspn(doc->line, "\n")] = '\0';
	return true;
}

static char *trim(char *cell)
{
	char *end = cell + strlen(cell);

	cell += strspn(cell, " ");
	while (end > cell && end[-1] == ' ')
		*--end = '\0';
	return cell;
}

static bool split(struct ct_doctable *doc)
{
	char *at = doc->line, *end;

	doc->n = 0;
	if (*at != '|')
		return false;
	for (at++; (end = strchr(at, '|')); at = end + 1) {
		ck_assert_msg(doc->n < CT_DOCTABLE_CELLS, "too many cells");
		*end = '\0';
		doc->cells[doc->n++] = trim(at);
	}
	return doc->n != 0;
}

void ct_doctable_open(struct ct_doctable *doc, const char *name,
		      const char *heading)
{
	char path[CT_DOCTABLE_LINE];
	bool found = false;

	snprintf(path, sizeof(path), "%s/docs/%s", CT_SOURCE_DIR, name);
	doc->file = fopen(path, "r");
	ck_assert_msg(doc->file, "%s is missing", path);
	while (!found && next_line(doc))
		found = strcmp(doc->line, heading) == 0;
	ck_assert_msg(found, "%s has no \"%s\"", name, heading);
	found = false;
	while (!found && next_line(doc) && doc->line[0] != '#')
		found = split(doc);
	ck_assert_msg(found, "no table under \"%s\"", heading);
}

bool ct_doctable_row(struct ct_doctable *doc)
{
	while (next_line(doc) && split(doc))
		if (strspn(doc->cells[0], "-:") != strlen(doc->cells[0]))
			return true;
	return false;
}

void ct_doctable_close(struct ct_doctable *doc)
{
	fclose(doc->file);
}
