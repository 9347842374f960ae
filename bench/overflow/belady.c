/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * belady.c - what the best of all policies would have missed
 *
 * Whoever is needed last goes.  Those who are in stand in a heap by when they are
 * needed next; an entry whose time has passed was renewed, and is dropped when
 * it comes to the top.
 */
#include "scenario.h"

#include <stdlib.h>

struct need {
	uint32_t at; /* next, the later the nearer to the top */
	uint32_t flow;
};

static void sift_up(struct need *heap, uint32_t at)
{
	struct need one = heap[at];

	while (at && heap[(at - 1) / 2].at < one.at) {
		heap[at] = heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	heap[at] = one;
}

static void sift_down(struct need *heap, uint32_t n)
{
	struct need one = heap[0];
	uint32_t at = 0;

	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child >= n)
			break;
		child += child + 1 < n && heap[child + 1].at > heap[child].at;
		if (heap[child].at <= one.at)
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = one;
}

/* => When each packet's flow comes again; len: never. */
static uint32_t *next_of(const uint32_t *trace, uint32_t len, uint32_t n_flows)
{
	uint32_t *next = calloc(len, sizeof(*next));
	uint32_t *last = calloc(n_flows, sizeof(*last));

	if (!next || !last)
		abort();
	for (uint32_t i = 0; i < n_flows; i++)
		last[i] = len;
	for (uint32_t i = len; i-- > 0;) {
		next[i] = last[trace[i]];
		last[trace[i]] = i;
	}
	free(last);
	return next;
}

uint64_t belady_misses(const uint32_t *trace, uint32_t len, uint32_t n_flows,
		       uint32_t n)
{
	struct need *heap = calloc((size_t)len + 1, sizeof(*heap));
	uint32_t *next = next_of(trace, len, n_flows);
	uint32_t *due = calloc(n_flows, sizeof(*due)); /* of who is in, and 1 */
	uint32_t n_heap = 0, in = 0;
	uint64_t misses = 0;

	if (!heap || !due)
		abort();
	for (uint32_t i = 0; i < len; i++) {
		uint32_t flow = trace[i];

		if (!due[flow]) {
			misses++;
			in++;
		}
		due[flow] = next[i] + 1;
		heap[n_heap] = (struct need){ next[i], flow };
		sift_up(heap, n_heap++);
		while (in > n) {
			struct need top = heap[0];

			heap[0] = heap[--n_heap];
			sift_down(heap, n_heap);
			if (due[top.flow] != top.at + 1)
				continue;
			due[top.flow] = 0;
			in--;
		}
	}
	free(heap);
	free(next);
	free(due);
	return misses;
}
