/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * per.c - a walk through a message in aligned PER; see per.h
 *
 * Clauses are those of X.691 (2002).  How things lie:
 *
 *	SEQUENCE   [more][bit for each optional field] fields, if more: [how
 *		   many - 1][bit for each addition] additions as open types
 *	CHOICE     [more] number of the alternative; if more: [number] open type
 *	open type  length, bytes
 *
 * A length below 128 is one byte, below 16384 two; larger ones come in pieces,
 * which no message of ours needs.
 */
#include "helper/per.h"

enum {
	STEPS_MAX = 2000, /* fields and elements of one message */
	DEPTH_MAX = 24,   /* an address in a tunnelled channel is at 14 */
	ONE_BYTE = 256,   /* range of an integer that fills a byte */
	TWO_BYTES = 65536
};

struct walk {
	struct ct_cursor cur; /* whole bytes behind the bits */
	const uint8_t *start;
	unsigned byte;   /* whose last bits are to be read */
	unsigned n_bits; /* how many */
	unsigned steps;
	unsigned depth;
	bool open;    /* cur ends where the bytes do, not where they should */
	uint32_t cut; /* as ct_per_finds */
	enum ct_per_end end; /* unless DONE the walk is over */
	struct ct_per_finds *finds;
};

static void any(struct walk *walk, const struct ct_per_type *type, uint8_t tag);

/* --- Bits --------------------------------------------------------------- */

static void broken(struct walk *walk)
{
	walk->end = CT_PER_BROKEN;
}

/* There is less than is said. */
static void out_of_bytes(struct walk *walk)
{
	if (walk->end != CT_PER_BROKEN)
		walk->end = walk->open ? CT_PER_CUT : CT_PER_BROKEN;
}

static bool over(const struct walk *walk)
{
	return walk->end != CT_PER_DONE;
}

/* => 0 once the message is broken. */
static uint32_t bits(struct walk *walk, unsigned n)
{
	uint32_t value = 0;

	while (n--) {
		if (!walk->n_bits) {
			walk->byte = ct_cursor_u8(&walk->cur);
			walk->n_bits = 8;
		}
		value = value << 1 | (walk->byte >> --walk->n_bits & 1);
	}
	if (!ct_cursor_good(&walk->cur)) {
		out_of_bytes(walk);
		return 0;
	}
	return value;
}

static void align(struct walk *walk)
{
	walk->n_bits = 0;
}

/* => Whole bytes from here on, stepped over; NULL when they are not there. */
static const uint8_t *take(struct walk *walk, uint32_t n)
{
	const uint8_t *bytes;

	align(walk);
	bytes = ct_cursor_take(&walk->cur, n);
	if (!bytes)
		out_of_bytes(walk);
	return bytes;
}

/* => Bits that can tell so many values apart. */
static unsigned width(uint32_t range)
{
	unsigned n = 0;

	while (range > 1u << n)
		n++;
	return n;
}

/* --- Numbers ------------------------------------------------------------ */

static uint32_t whole(struct walk *walk, unsigned n)
{
	const uint8_t *bytes = take(walk, n);
	uint32_t value = 0;

	if (!bytes)
		return 0;
	for (unsigned i = 0; i < n; i++)
		value = value << 8 | bytes[i];
	return value;
}

/* A number below range; range 0 is 2^32.  10.5 */
static uint32_t constrained(struct walk *walk, uint32_t range)
{
	if (range && range < ONE_BYTE)
		return bits(walk, width(range));
	if (range == ONE_BYTE)
		return whole(walk, 1);
	if (range && range <= TWO_BYTES)
		return whole(walk, 2);
	/* 1 to 3, or 1 to 4, bytes: how many says a field of two bits. */
	return whole(walk, bits(walk, 2) + 1);
}

/* How many bytes, characters or elements.  10.9 */
static uint32_t length(struct walk *walk, uint32_t low, uint32_t high)
{
	uint32_t n;

	if (high && high < TWO_BYTES)
		return low +
		       (low == high ? 0 : constrained(walk, high - low + 1));
	n = whole(walk, 1);
	if (n < 0x80)
		return n;
	if (n >= 0xc0)
		broken(walk);
	return (n & 0x3f) << 8 | whole(walk, 1);
}

/* A small number, mostly.  10.6 */
static uint32_t small(struct walk *walk)
{
	if (!bits(walk, 1))
		return bits(walk, 6);
	return whole(walk, length(walk, 0, 0) & 3);
}

/* --- What was found ----------------------------------------------------- */

static void note(struct walk *walk, const struct ct_per_type *type, uint8_t tag,
		 struct ct_per_found found)
{
	struct ct_per_finds *finds = walk->finds;

	if (!type->mark || over(walk) || finds->n == CT_PER_FOUND_MAX)
		return;
	found.tag = tag;
	found.mark = type->mark;
	finds->at[finds->n++] = found;
}

/* --- Types -------------------------------------------------------------- */

static void integer(struct walk *walk, const struct ct_per_type *type,
		    uint8_t tag)
{
	struct ct_per_found found = { 0 };

	found.value = type->low + constrained(walk, type->high - type->low + 1);
	if (found.value < type->low || found.value > type->high)
		broken(walk);
	note(walk, type, tag, found);
}

/* Strings of at most two bytes lie where they fall.  16.6, 27.5 */
static void octets(struct walk *walk, const struct ct_per_type *type,
		   uint8_t tag)
{
	uint32_t n = length(walk, type->low, type->high);
	struct ct_per_found found = { .len = (uint16_t)n };

	if (type->low == type->high && n <= 2 && n) {
		bits(walk, 8 * n);
		return;
	}
	if (!n || over(walk))
		return;
	found.off = (uint32_t)(walk->cur.at - walk->start);
	if (!take(walk, n) && type->mark)
		walk->cut = found.off;
	note(walk, type, tag, found);
}

static void characters(struct walk *walk, const struct ct_per_type *type)
{
	uint32_t n = length(walk, type->low, type->high);

	if (over(walk))
		return;
	if (type->kind == CT_PER_WIDE) {
		take(walk, 2 * n);
		return;
	}
	take(walk, n / 2);
	bits(walk, n % 2 * 4);
}

/*
 * Bytes that hold a message of their own.
 *
 * => When it stops at something unknown, all goes on behind it.
 */
static void inside(struct walk *walk, const struct ct_per_type *type,
		   uint8_t tag, uint32_t n)
{
	size_t left = ct_cursor_left(&walk->cur);
	bool was_open = walk->open;
	struct ct_cursor behind;
	const uint8_t *bytes;

	if (over(walk))
		return;
	if (n <= left)
		walk->open = false;
	else if (was_open)
		n = (uint32_t)left;
	bytes = take(walk, n);
	if (!bytes)
		return;
	behind = walk->cur;
	walk->cur = ct_cursor_of(bytes, n);
	any(walk, type, tag);
	walk->cur = behind;
	walk->open = was_open;
	align(walk);
	if (walk->end == CT_PER_STOPPED)
		walk->end = CT_PER_DONE;
}

static void open_type(struct walk *walk, const struct ct_per_field *field,
		      uint8_t tag)
{
	uint32_t n = length(walk, 0, 0);

	if (over(walk))
		return;
	if (field && field->type)
		inside(walk, field->type, field->tag ? field->tag : tag, n);
	else
		take(walk, n);
}

static void field_at(struct walk *walk, const struct ct_per_field *field,
		     uint8_t tag)
{
	any(walk, field->type, field->tag ? field->tag : tag);
}

static void additions(struct walk *walk, const struct ct_per_type *type,
		      uint8_t tag)
{
	uint64_t there = 0;
	uint32_t n = small(walk) + 1;

	if (n > 64)
		broken(walk);
	for (uint32_t i = 0; i < n && !over(walk); i++)
		there = there << 1 | bits(walk, 1);
	for (uint32_t i = 0; i < n && !over(walk); i++) {
		uint32_t at = type->n_root + i;

		if (there >> (n - 1 - i) & 1)
			open_type(walk,
				  at < type->n_fields ? &type->fields[at]
						      : NULL,
				  tag);
	}
}

static void sequence(struct walk *walk, const struct ct_per_type *type,
		     uint8_t tag)
{
	bool more = type->flags & CT_PER_EXTENSIBLE && bits(walk, 1);
	uint32_t there = 0;
	uint32_t mask = 1;

	for (unsigned i = type->n_root; i--;)
		mask <<= type->fields[i].flags & CT_PER_OPTIONAL;
	there = bits(walk, width(mask));
	for (unsigned i = 0; i < type->n_root && !over(walk); i++) {
		if (type->fields[i].flags & CT_PER_OPTIONAL) {
			mask >>= 1;
			if (!(there & mask))
				continue;
		}
		field_at(walk, &type->fields[i], tag);
	}
	if (more && !over(walk))
		additions(walk, type, tag);
}

static void choice(struct walk *walk, const struct ct_per_type *type,
		   uint8_t tag)
{
	bool more = type->flags & CT_PER_EXTENSIBLE && bits(walk, 1);
	struct ct_per_found found = { 0 };

	found.value = more ? type->n_root + small(walk)
			   : bits(walk, width(type->n_root));
	if (!more && found.value >= type->n_root)
		broken(walk);
	note(walk, type, tag, found);
	if (over(walk))
		return;
	if (!more)
		field_at(walk, &type->fields[found.value], tag);
	else
		open_type(walk,
			  found.value < type->n_fields
				  ? &type->fields[found.value]
				  : NULL,
			  tag);
}

static void list(struct walk *walk, const struct ct_per_type *type, uint8_t tag)
{
	uint32_t n = length(walk, type->low, type->high);

	while (n-- && !over(walk))
		field_at(walk, type->fields, tag);
}

static void by_kind(struct walk *walk, const struct ct_per_type *type,
		    uint8_t tag)
{
	switch ((enum ct_per_kind)type->kind) {
	case CT_PER_NULL:
		return;
	case CT_PER_BOOLEAN:
		bits(walk, 1);
		return;
	case CT_PER_INTEGER:
		integer(walk, type, tag);
		return;
	case CT_PER_OCTETS:
	case CT_PER_OID:
		octets(walk, type, tag);
		return;
	case CT_PER_DIGITS:
	case CT_PER_WIDE:
		characters(walk, type);
		return;
	case CT_PER_SEQUENCE:
		sequence(walk, type, tag);
		return;
	case CT_PER_CHOICE:
		choice(walk, type, tag);
		return;
	case CT_PER_LIST:
		list(walk, type, tag);
		return;
	case CT_PER_INSIDE:
		inside(walk, type->fields[0].type, tag, length(walk, 0, 0));
		return;
	case CT_PER_UNKNOWN:
		walk->end = CT_PER_STOPPED;
	}
}

static void any(struct walk *walk, const struct ct_per_type *type, uint8_t tag)
{
	if (!walk->steps || walk->depth == DEPTH_MAX) {
		broken(walk);
		return;
	}
	walk->steps--;
	walk->depth++;
	by_kind(walk, type, tag);
	walk->depth--;
}

enum ct_per_end ct_per_walk(const struct ct_per_bytes *message,
			    const struct ct_per_type *type,
			    struct ct_per_finds *finds)
{
	struct walk walk = {
		.cur = ct_cursor_of(message->bytes, message->len),
		.start = message->bytes,
		.open = message->part == CT_PER_FIRST_PART,
		.steps = STEPS_MAX,
		.cut = message->len,
		.end = CT_PER_DONE,
		.finds = finds,
	};

	finds->n = 0;
	any(&walk, type, 0);
	finds->end = walk.end;
	finds->cut = walk.cut;
	if (walk.end == CT_PER_BROKEN)
		finds->n = 0;
	return walk.end;
}
