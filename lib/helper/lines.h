/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lines of a stream that a helper is shown in order, one after the other,
 * and their replacement.
 *
 * A helper keeps a struct ct_lines_place for each direction, zero at first:
 * whether the stream is at the start of a line.  What stands before the first
 * line feed is passed over, so that a connection that was picked up in the
 * middle of a line, or a line that is longer than anybody's, never begins with a
 * command.
 *
 *	struct ct_lines lines = ct_lines_of(speech, &state->place[dir]);
 *
 *	while (ct_lines_next(&lines, &line))
 *		... if (lines.known) ... ct_lines_replace() ...
 *	if (!ct_lines_end(&lines, longest, begun))
 *		... drop ...
 */
#ifndef HELPER_LINES_H
#define HELPER_LINES_H

#include <conntrack/helper.h>

struct ct_lines_place {
	uint32_t edge;   /* behind the last byte that was shown */
	uint32_t cut_at; /* behind an address that was dropped since it was cut
			    off */
	uint8_t in_step; /* a line starts at the edge */
	uint8_t cut;     /* cut_at holds */
	uint8_t reserved[2];
};

struct ct_lines {
	struct ct_speech *speech;
	struct ct_lines_place *place;
	uint32_t start;  /* the line's first byte, from speech->bytes */
	uint32_t off;    /* the first byte behind it */
	uint32_t seq;    /* the line's first byte, as its sender counts */
	uint32_t grown;  /* how many bytes more there are now; modulo 2^32 */
	uint32_t end;    /* behind the packet's last byte, likewise */
	bool known;      /* start is where a line starts, for sure */
	bool next_known; /* off is */
};

struct ct_lines ct_lines_of(struct ct_speech *speech,
			    struct ct_lines_place *place);

/*
 * The next line, its line feed included.
 *
 * => Where a retransmission begins is not known; lines->known says so.
 */
bool ct_lines_next(struct ct_lines *lines, struct ct_cursor *line);

/* => What is left behind the last line; it may be empty. */
struct ct_cursor ct_lines_rest(const struct ct_lines *lines);

/* The packet is shown by itself, for bytes in front of it are missing, or it
 * is one of those. */
void ct_lines_alone(struct ct_lines *lines);

/*
 * Done: says in the speech how much of it was used.
 *
 * An unfinished line is shown again, with what comes behind it; one that is
 * longer than the longest never, to its end.  Once something has begun in it
 * that NAT may have to replace, it cannot be sent on: dropped, it comes again
 * with more behind it, one may hope.
 *
 * => False: drop the packet; not twice, if nothing more has come.
 */
bool ct_lines_end(struct ct_lines *lines, uint32_t longest, bool begun);

/* Other bytes in the place of some of the line; as ct_help_replace(). */
struct ct_lines_change {
	uint32_t off;     /* from the line's first byte */
	uint32_t old_len; /* how many go */
	const void *text; /* what comes */
	uint32_t new_len; /* how many come */
};

int ct_lines_replace(struct ct_lines *lines, struct ct_thread *thr,
		     struct ct_pkt *pkt, const struct ct_lines_change *change);

#endif /* HELPER_LINES_H */
