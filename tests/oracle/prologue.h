/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets that a golden does not hold: they only set its scene.
 */
#ifndef ORACLE_PROLOGUE_H
#define ORACLE_PROLOGUE_H

#include "play.h"

/*
 * Play what came before the golden's first record (`record_from`).
 *
 * It is known where the records go on with it: first packets that are alike but
 * for their source port, which is one more each time.
 *
 * => False with a line on stderr when it is not known.
 */
bool prologue_play(struct player *player);

#endif /* ORACLE_PROLOGUE_H */
