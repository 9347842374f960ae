/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Judging a whole golden; see judge.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "flows.h"
#include "judge.h"

/* One golden under comparison. */
struct judging {
	bool verbose;
	bool in_packet; /* the current packet has differed */
	struct result result;
};

/* "packet 7/ct/status" gives "7:ct". */
static void note_first(struct result *result, const char *path)
{
	const char *index = strchr(path, ' ');
	const char *slash = strchr(path, '/');
	int digits = slash && index ? (int)(slash - index - 1) : 0;

	if (digits)
		snprintf(result->first, sizeof(result->first), "%.*s:%.*s",
			 digits, index + 1, (int)strcspn(slash + 1, "/"),
			 slash + 1);
}

static void print_value(const json_t *value)
{
	char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

	fputs(text ? text : "nothing", stdout);
	free(text);
}

static void on_difference(void *user, const char *path, const json_t *expected,
			  const json_t *actual)
{
	struct judging *judging = user;

	judging->in_packet = true;
	if (!judging->result.first[0])
		note_first(&judging->result, path);
	if (!judging->verbose)
		return;
	printf("  %s: ", path);
	print_value(expected);
	fputs(" != ", stdout);
	print_value(actual);
	putchar('\n');
}

/* Compare the packets that count: all of them, without flows. */
static struct result compare_all(const struct judge *judge,
				 const struct golden *golden,
				 const json_t *records,
				 const struct flows *flows)
{
	struct judging judging = { .verbose = judge->verbose };
	size_t i;
	json_t *expected;

	json_array_foreach(golden->packets, i, expected)
	{
		if (flows && !flows->counts[i])
			continue;
		judging.in_packet = false;
		compare_records(expected, json_array_get(records, i),
				judge->keys, on_difference, &judging);
		judging.result.counted++;
		judging.result.differ += judging.in_packet;
	}
	return judging.result;
}

bool judge_enough(const struct judge *judge, size_t counted, size_t equal)
{
	if (judge->ratio <= 0)
		return counted == equal;
	return (double)equal * 100 >= (double)counted * judge->ratio;
}

struct result judge_records(const struct judge *judge,
			    const struct golden *golden, json_t *records)
{
	struct result result;
	struct flows flows;

	if (judge->ratio > 0) {
		flows_init(&flows, golden->packets);
		flows_rename(golden->packets, records);
		result = compare_all(judge, golden, records, &flows);
		flows_fini(&flows);
	} else {
		result = compare_all(judge, golden, records, NULL);
	}
	result.good = judge_enough(judge, result.counted,
				   result.counted - result.differ);
	return result;
}

struct result judge_twins(const struct judge *judge, const json_t *one,
			  const json_t *other)
{
	struct judging judging = { .verbose = judge->verbose };
	struct result *result = &judging.result;
	size_t i;
	json_t *record;

	json_array_foreach(one, i, record)
	{
		json_t *twin = json_array_get(other, i);

		result->counted++;
		if (json_equal(record, twin))
			continue;
		result->differ++;
		compare_records(record, twin, NULL, on_difference, &judging);
	}
	result->good = !result->differ &&
		       json_array_size(one) == json_array_size(other);
	return *result;
}
