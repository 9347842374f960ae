/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * seen.c - which bytes of a datagram have passed; see seen.h
 */
#include "core/seen.h"

#include <string.h>

static bool length_fits(const struct ct_seen *seen, uint32_t to, bool more)
{
	if (more)
		return to % 8 == 0 && (!seen->ended || to <= seen->len);
	return to >= seen->len && (!seen->ended || to == seen->len);
}

static void open_at(struct ct_seen *seen, uint32_t at, uint32_t from,
		    uint32_t to)
{
	memmove(&seen->range[at + 1], &seen->range[at],
		(seen->n - at) * sizeof(seen->range[0]));
	seen->range[at].from = from;
	seen->range[at].to = to;
	seen->n++;
}

static void close_at(struct ct_seen *seen, uint32_t at)
{
	seen->n--;
	memmove(&seen->range[at], &seen->range[at + 1],
		(seen->n - at) * sizeof(seen->range[0]));
}

/* Between the ranges at - 1 and at, neither of which it touches but at an end. */
static bool put(struct ct_seen *seen, uint32_t at, uint32_t from, uint32_t to)
{
	bool left = at > 0 && seen->range[at - 1].to == from;
	bool right = at < seen->n && seen->range[at].from == to;

	if (left && right) {
		seen->range[at - 1].to = seen->range[at].to;
		close_at(seen, at);
	} else if (left) {
		seen->range[at - 1].to = to;
	} else if (right) {
		seen->range[at].from = from;
	} else if (seen->n == CT_SEEN_RANGES) {
		return false;
	} else {
		open_at(seen, at, from, to);
	}
	return true;
}

enum ct_seen_end ct_seen_add(struct ct_seen *seen, uint32_t from, uint32_t to,
			     bool more)
{
	uint32_t at = 0;

	if (to <= from || !length_fits(seen, to, more))
		return CT_SEEN_LENGTH;
	while (at < seen->n && seen->range[at].to <= from)
		at++;
	if (at < seen->n && seen->range[at].from < to)
		return CT_SEEN_OVERLAP;
	if (!put(seen, at, from, to))
		return CT_SEEN_FULL;
	if (to > seen->len)
		seen->len = to;
	seen->ended |= !more;
	seen->all = seen->ended && seen->n == 1 && !seen->range[0].from &&
		    seen->range[0].to == seen->len;
	return CT_SEEN_NEW;
}
