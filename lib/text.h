/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one line of text says about a connection: gathered once by text.c, and
 * read by its own writer and by that of json.c.
 *
 * Another thread may advance the connection meanwhile, as with every reader;
 * what is in here does not change any more.
 */
#ifndef CT_TEXT_H
#define CT_TEXT_H

#include "base/line.h"

#include <conntrack/dump.h>
#include <conntrack/plugin.h>

struct ct_shown {
	const struct ct_event_info *ev; /* NULL: a listing */
	/* Of each direction: NAT64 has two.  l3 NULL: no such layer */
	const struct ct_l3_ops *l3[CT_DIR_MAX];
	const struct ct_l4_ops *l4[CT_DIR_MAX];
	const char *state; /* NULL: its tracker names no states */
	struct ct_tuple tuple[CT_DIR_MAX];
	struct ct_counter counter[CT_DIR_MAX]; /* if counted */
	uint64_t start_ns;                     /* if timed */
	uint64_t stop_ns;                      /* if timed; 0: it lives */
	uint64_t now_ns;
	uint64_t id;
	uint32_t status;
	uint32_t timeout; /* seconds left */
	uint32_t mark;
	uint8_t labels[16];
	bool counted;
	bool timed;
};

/* Where a zone stands: in both tuples, in one, or another in each. */
struct ct_shown_zones {
	uint16_t both;
	uint16_t orig;
	uint16_t reply;
	bool same; /* both counts, the others are 0 */
};

/* "NEW", "UPDATE" or "DESTROY". */
const char *ct_shown_event(const struct ct_shown *shown);

/* Whether it is the event of a connection's end. */
bool ct_shown_end(const struct ct_shown *shown);

/* The protocol's name; "unknown" when only the generic tracker follows it. */
const char *ct_shown_l4(const struct ct_shown *shown);

/* An id of a tuple in host order. */
unsigned ct_shown_id(ct_be16 id);

/* Its zones. */
struct ct_shown_zones ct_shown_zones(const struct ct_shown *shown);

/* "src=10.0.0.2 ", and the ids of a tuple, by what they are. */
void ct_text_addr(struct ct_line *line, const struct ct_l3_ops *l3,
		  const char *name, const union ct_addr *addr);
void ct_text_ids(struct ct_line *line, enum ct_ids ids,
		 const struct ct_tuple *t);

/* An expectation's event, as conntrack -E expect has it or as JSON; in
 * text_expect.c. */
void ct_text_expect(struct ct_line *line, const struct ct_event_info *ev,
		    bool json);

/* What is known, as one flat JSON object; in json.c. */
void ct_json_write(struct ct_line *line, const struct ct_shown *shown);

#endif /* CT_TEXT_H */
