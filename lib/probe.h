/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe.h - packets of our own to the ends of a connection: keep-alives, and
 * resets or ICMP errors
 */
#ifndef PROBE_H
#define PROBE_H

#include "core/table.h"

/*
 * Ask some of those that overflow/probe.h has noted, and end who has not
 * answered; so many notes are looked at, or all of them for 0.
 */
void ct_probes_step(struct ct_thread *thr, uint32_t budget);

/* Reset both ends of the connections that gave way since the last call, or tell
 * them by ICMP; before the thread's next poll. */
void ct_resets_send(struct ct_thread *thr);

#endif /* PROBE_H */
