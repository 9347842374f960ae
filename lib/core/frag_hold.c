/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frag_hold.c - fragments that are held until their datagram is complete
 *
 * The copy is made before the lock, since a fragment that is no use is rare.
 */
#include "core/frag_index.h"
#include "core/table.h"

#include <assert.h>
#include <string.h>

static enum ct_reason reason_of(enum ct_assembly_end end)
{
	switch (end) {
	case CT_ASSEMBLY_WAITS:
		return CT_R_FRAG_HELD;
	case CT_ASSEMBLY_DONE:
		return CT_R_NONE;
	case CT_ASSEMBLY_DUPLICATE:
		return CT_R_FRAG_DUPLICATE;
	case CT_ASSEMBLY_OVERLAP:
		return CT_R_FRAG_OVERLAP;
	case CT_ASSEMBLY_UNEVEN:
		return CT_R_IP_FRAGMENT;
	case CT_ASSEMBLY_REFUSED:
	case CT_ASSEMBLY_BROKEN:
		break;
	}
	return CT_R_FRAG_LENGTH;
}

static bool gives_up(enum ct_assembly_end end)
{
	return end == CT_ASSEMBLY_OVERLAP || end == CT_ASSEMBLY_BROKEN ||
	       end == CT_ASSEMBLY_UNEVEN;
}

/* Those that are held become an assembly, which is no stricter than seen.h. */
static void assemble(struct ct_datagram *datagram)
{
	struct ct_piece *piece = datagram->pieces.first;

	memset(&datagram->pieces, 0, sizeof(datagram->pieces));
	while (piece) {
		struct ct_piece *next = piece->next;
		enum ct_assembly_end end;
		struct ct_fragment frag;

		ct_fragment_read(ct_piece_bytes(piece), piece->hdr + piece->len,
				 datagram->key.l3, &frag);
		end = ct_assembly_add(&datagram->pieces, piece, &frag);
		assert(end == CT_ASSEMBLY_WAITS);
		(void)end;
		piece = next;
	}
}

enum ct_reason ct_frag_add(struct ct_frag_seat *seat,
			   struct ct_datagram *datagram,
			   struct ct_piece **piece,
			   const struct ct_fragment *frag)
{
	uint32_t cost = (uint32_t)(*piece)->kept.size;
	enum ct_assembly_end end;

	if (datagram->pieces.n >=
	    ct_core_param(seat->thr->tbl, CT_P_FRAG_PIECES)) {
		ct_frag_drop(seat, datagram);
		return CT_R_FRAG_LIMIT;
	}
	if (!datagram->gathers)
		assemble(datagram);
	datagram->gathers = 1;
	end = ct_assembly_add(&datagram->pieces, *piece, frag);
	if (end == CT_ASSEMBLY_WAITS || end == CT_ASSEMBLY_DONE)
		*piece = NULL;
	if (end == CT_ASSEMBLY_WAITS && !ct_frag_charge(seat, datagram, cost))
		return CT_R_FRAG_LIMIT;
	if (end == CT_ASSEMBLY_DONE) {
		ct_frag_unlink(seat->frags, datagram);
		seat->frags->completed++;
	} else if (gives_up(end) || !datagram->pieces.n) {
		ct_frag_drop(seat, datagram);
	}
	return reason_of(end);
}

enum ct_reason ct_frags_hold(struct ct_thread *thr, const struct ct_pkt *pkt,
			     const struct ct_fragment *frag,
			     struct ct_datagram **done)
{
	struct ct_mem *mem = &thr->tbl->mem;
	struct ct_datagram *datagram;
	struct ct_frag_seat seat;
	struct ct_piece *piece;
	enum ct_reason reason;

	piece = ct_piece_make(mem, pkt->data, frag);
	if (!piece)
		return CT_R_NO_MEMORY;
	ct_frag_sit(&seat, thr, frag, ct_policy_zone(pkt, CT_DIR_ORIG));
	datagram = ct_frag_lock(&seat);
	if (!datagram) {
		ct_mem_free(mem, piece, piece->kept.size);
		return CT_R_NO_MEMORY;
	}
	/* The first one has passed, before frag.mode was another one. */
	if (!datagram->gathers && datagram->known != CT_FRAG_UNKNOWN)
		reason = CT_R_FRAG_EARLY;
	else
		reason = ct_frag_add(&seat, datagram, &piece, frag);
	ct_frag_unlock(&seat);
	if (piece)
		ct_mem_free(mem, piece, piece->kept.size);
	if (reason == CT_R_NONE)
		*done = datagram;
	return reason;
}
