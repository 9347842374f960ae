/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * emit.h - packets of our own, on their way to the host
 */
#ifndef CORE_EMIT_H
#define CORE_EMIT_H

#include "wire/build.h"

#include <conntrack/packet.h>

/* => The host sends what it is given; false: nothing need be built. */
bool ct_emits(const struct ct_table *tbl);

/* => A packet that was built, as one of the host's: in this zone, with this
 *    mark, not to be tracked. */
struct ct_pkt ct_emit_pkt(struct ct_built *built, uint16_t zone, uint32_t mark);

/* Hand it over; under no lock. */
void ct_emit(struct ct_thread *thr, struct ct_built *built, uint16_t zone,
	     uint32_t mark);

#endif /* CORE_EMIT_H */
