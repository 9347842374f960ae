/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * adapt.h - timeouts that shrink as the table fills
 *
 * Between the two watermarks the timeout of what is not assured is multiplied by
 * the part that is still free, as the BSDs do, of the table, or of its own zone or
 * source if that has a limit and newcomers:
 *
 *	factor	1 |------.
 *		  |       '.
 *		  |         '.
 *		0 |___________'.___	FLOOR seconds are left at least
 *		  0     low   high
 *
 * Above the lower one, what is assured has its soft age, no longer its hard
 * one: so a table whose peers have vanished is below it again within a soft age.
 *
 * A packet is never told: the timeout in the connection stays as it is, and a
 * sweep of a few places a poll compares how long each has been idle.  What would
 * pass its soft age before the sweep comes by again, if that takes as long as the
 * last time, ends now:
 *
 *	--- lives ---|-------- ends ---------|
 *		soft age - a round	soft age
 *
 * A round counts as no more than a 32nd of a soft age, so that a host that polls
 * rarely, or whose pressure comes and goes, does not end things much earlier; its
 * sweep is late instead.  Where the soft age is the timeout itself nothing ends
 * early: timeouts are promises, and have a sweep of their own (core/timer.h).
 *
 * A round that begins when all is assured takes a 40th of the shortest soft age,
 * 7.5 seconds by default, however frequent polls are, since each place is a cache
 * miss.  Any other takes no longer than polls do.
 */
#ifndef OVERFLOW_ADAPT_H
#define OVERFLOW_ADAPT_H

#include <conntrack/types.h>

/*
 * Look at some connections, if there is pressure, and end what is too old.
 *
 * => budget places at most, and not at every poll; 0: all.
 */
void ct_adapt_sweep(struct ct_thread *thr, uint32_t budget);

#endif /* OVERFLOW_ADAPT_H */
