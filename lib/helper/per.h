/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * per.h - a walk through a message in aligned PER (ITU-T X.691)
 *
 * PER has no tags: to find a field one must know the type of all that stands
 * before it.  So types are constant tables, and the walk reads a message along
 * them, from bit to bit, and takes note of the fields that somebody asked for:
 *
 *	bytes + type --> ct_per_walk() --> { tag, where, how long, value } ...
 *
 * Nothing is copied and nothing allocated.  Fields that are longer than their
 * type allows do not exist in PER; what is cut ends the walk.  Its bounds are
 * the length of the message, a number of steps and a depth.
 *
 * Of a message that goes on in a later packet the first part may be walked: what
 * is found lies wholly in it, and what has only begun is told apart.
 *
 * What an extension added is an open type, which has a length, and is stepped
 * over unless the table knows it.
 */
#ifndef HELPER_PER_H
#define HELPER_PER_H

#include <conntrack/cursor.h>

/* What a type is made of. */
enum ct_per_kind {
	CT_PER_NULL,
	CT_PER_BOOLEAN,
	CT_PER_INTEGER,  /* low to high */
	CT_PER_OCTETS,   /* low to high of them; high 0: no bound */
	CT_PER_DIGITS,   /* the same, characters of four bits */
	CT_PER_WIDE,     /* the same, characters of two bytes (BMPString) */
	CT_PER_OID,      /* an object identifier */
	CT_PER_SEQUENCE, /* fields: the first n_root, then additions */
	CT_PER_CHOICE,   /* one of them, likewise */
	CT_PER_LIST,     /* any number of fields[0] */
	CT_PER_INSIDE,   /* octets that are fields[0], whole */
	CT_PER_UNKNOWN   /* not described here: the walk ends, without harm */
};

enum {
	CT_PER_EXTENSIBLE = 1, /* of a type: "..." */
	CT_PER_OPTIONAL = 1    /* of a field */
};

struct ct_per_type;

struct ct_per_field {
	const struct ct_per_type *type; /* NULL: not looked into, an addition */
	uint8_t flags;
	uint8_t tag; /* 0: that of what it is in */
};

struct ct_per_type {
	uint8_t kind;
	uint8_t flags;
	uint8_t n_root;
	uint8_t n_fields;
	uint8_t mark; /* not 0: to be noted */
	uint32_t low;
	uint32_t high;
	const struct ct_per_field *fields;
};

/* Something that was asked for. */
struct ct_per_found {
	uint8_t tag;    /* the innermost field's that has one */
	uint8_t mark;   /* the type's */
	uint16_t len;   /* OCTETS: how many */
	uint32_t off;   /* OCTETS: from the message's first byte */
	uint32_t value; /* INTEGER, CHOICE: what it is */
};

/* How a walk ended. */
enum ct_per_end {
	CT_PER_DONE,
	CT_PER_STOPPED, /* at something unknown; what was found is right */
	CT_PER_CUT,     /* where the bytes end; likewise */
	CT_PER_BROKEN   /* the message is no such one: believe nothing */
};

/* Whether more bytes will come. */
enum ct_per_part { CT_PER_WHOLE, CT_PER_FIRST_PART };

enum { CT_PER_FOUND_MAX = 48 };

/* What is walked through. */
struct ct_per_bytes {
	const uint8_t *bytes;
	uint32_t len;
	enum ct_per_part part;
};

struct ct_per_finds {
	enum ct_per_end end;
	uint32_t cut; /* CUT: where OCTETS that were asked for begin and do not
			 end, or the end of the bytes */
	unsigned n;
	struct ct_per_found at[CT_PER_FOUND_MAX]; /* what is more is left */
};

/*
 * Walk through a message.
 *
 * => finds->n is 0 for a broken one.
 */
enum ct_per_end ct_per_walk(const struct ct_per_bytes *message,
			    const struct ct_per_type *type,
			    struct ct_per_finds *finds);

#endif
