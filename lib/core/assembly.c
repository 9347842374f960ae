/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * assembly.c - the pieces of one datagram; see assembly.h
 */
#include "core/assembly.h"

#include <stddef.h>

/* --- Lengths ------------------------------------------------------------ */

/* IPv4 gives a datagram up where IPv6 ignores the fragment, as Linux does. */
static enum ct_assembly_end impossible(const struct ct_fragment *frag)
{
	return frag->key.l3 == CT_L3_IPV4 ? CT_ASSEMBLY_BROKEN
					  : CT_ASSEMBLY_REFUSED;
}

/* The last fragment tells the length, once. */
static enum ct_assembly_end end_at(struct ct_assembly *all,
				   const struct ct_fragment *frag, uint32_t end)
{
	if (end < all->len || (all->ended && end != all->len))
		return impossible(frag);
	all->ended = true;
	all->len = end;
	return CT_ASSEMBLY_WAITS;
}

/* Others end at a multiple of eight: of IPv4 the rest is cut off. */
static enum ct_assembly_end reach_to(struct ct_assembly *all,
				     struct ct_piece *piece,
				     const struct ct_fragment *frag)
{
	uint32_t rest = ct_piece_end(piece) % 8;

	if (rest && frag->key.l3 != CT_L3_IPV4)
		return CT_ASSEMBLY_UNEVEN;
	piece->len -= rest;
	if (ct_piece_end(piece) <= all->len)
		return CT_ASSEMBLY_WAITS;
	if (all->ended)
		return impossible(frag);
	all->len = ct_piece_end(piece);
	return CT_ASSEMBLY_WAITS;
}

/* --- Places ------------------------------------------------------------- */

/* => Within one run, or across the border of one. */
static enum ct_assembly_end shared(const struct ct_piece *run,
				   const struct ct_piece *piece)
{
	return piece->off >= run->off && ct_piece_end(piece) <=
						 ct_piece_end(run->run_last)
		       ? CT_ASSEMBLY_DUPLICATE
		       : CT_ASSEMBLY_OVERLAP;
}

/* A piece that ends behind all others. */
static enum ct_assembly_end append(struct ct_assembly *all,
				   struct ct_piece *piece)
{
	struct ct_piece *last = all->last;

	if (last && piece->off < ct_piece_end(last))
		return CT_ASSEMBLY_OVERLAP;
	piece->next = NULL;
	piece->run_last = NULL;
	if (last && piece->off == ct_piece_end(last)) {
		all->last_run->run_last = piece;
	} else {
		piece->run_last = piece;
		all->last_run = piece;
	}
	if (last)
		last->next = piece;
	else
		all->first = piece;
	all->last = piece;
	return CT_ASSEMBLY_WAITS;
}

/* One that is a run of its own, behind another run or before all. */
static enum ct_assembly_end insert(struct ct_assembly *all,
				   struct ct_piece *before,
				   struct ct_piece *piece)
{
	struct ct_piece **link = before ? &before->next : &all->first;

	piece->run_last = piece;
	piece->next = *link;
	*link = piece;
	return CT_ASSEMBLY_WAITS;
}

static enum ct_assembly_end place(struct ct_assembly *all,
				  struct ct_piece *piece)
{
	struct ct_piece *before = NULL;
	struct ct_piece *run = all->first;

	/* Most come in order. */
	if (!run || ct_piece_end(piece) > ct_piece_end(all->last))
		return append(all, piece);
	while (piece->off >= ct_piece_end(run->run_last)) {
		before = run->run_last;
		run = before->next;
	}
	if (ct_piece_end(piece) <= run->off)
		return insert(all, before, piece);
	return shared(run, piece);
}

/* --- In ----------------------------------------------------------------- */

static void learn(struct ct_assembly *all, const struct ct_piece *piece,
		  const struct ct_fragment *frag)
{
	uint32_t size = piece->hdr + piece->len;

	all->n++;
	all->meat += piece->len;
	all->ecn |= frag->ecn;
	if (size > all->max)
		all->max = size;
	if (frag->df && size > all->max_df)
		all->max_df = size;
	if (piece->off == 0) {
		all->next = frag->next;
		all->next_at = frag->next_at;
	}
}

enum ct_assembly_end ct_assembly_add(struct ct_assembly *all,
				     struct ct_piece *piece,
				     const struct ct_fragment *frag)
{
	enum ct_assembly_end end;

	if (frag->more)
		end = reach_to(all, piece, frag);
	else
		end = end_at(all, frag, ct_piece_end(piece));
	if (end == CT_ASSEMBLY_WAITS && !piece->len)
		end = impossible(frag);
	if (end == CT_ASSEMBLY_WAITS)
		end = place(all, piece);
	if (end != CT_ASSEMBLY_WAITS)
		return end;
	learn(all, piece, frag);
	/* Without overlaps: as many bytes as the datagram has are all of it. */
	return all->ended && all->meat == all->len ? CT_ASSEMBLY_DONE
						   : CT_ASSEMBLY_WAITS;
}

int ct_assembly_ecn(const struct ct_assembly *all)
{
	enum { NOT_ECT = 1 << 0, CE = 1 << 3, CE_BITS = 3 };

	if ((all->ecn & NOT_ECT) && all->ecn != NOT_ECT)
		return -1;
	return (all->ecn & CE) && all->ecn != CE ? CE_BITS : 0;
}
