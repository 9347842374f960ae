/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plays a golden's packets through the library and writes down what it does.
 */
#ifndef ORACLE_PLAYER_H
#define ORACLE_PLAYER_H

#include "golden.h"

/* The verbs that packets are played with. */
enum verbs {
	VERBS_SINGLE,      /* process and confirm, one packet at a time */
	VERBS_FORWARD,     /* ct_forward_burst() */
	VERBS_SPLIT,       /* ct_process_burst(), ct_confirm_burst() */
	VERBS_SPLIT_SINGLE /* the same with n single verbs each */
};

enum { BURST_MAX = 256 };

struct manner {
	enum verbs verbs;
	unsigned burst; /* packets at most; not for VERBS_SINGLE */
};

/*
 * The records of the library: one for each packet of the golden, all keys.
 * NULL with a line on stderr when the scenario cannot be set up.
 *
 * => With VERBS_FORWARD a burst hides what the table held between its packets;
 *    there the records repeat the golden.
 * => With the split verbs packets of a burst meet in another order than when
 *    the golden was recorded, so that the records can only be compared with
 *    those of the other split verbs.
 */
json_t *player_play(const struct golden *golden, const struct manner *manner);

#endif /* ORACLE_PLAYER_H */
