/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plays a golden's packets through the library and writes down what it does.
 */
#ifndef ORACLE_PLAYER_H
#define ORACLE_PLAYER_H

#include "golden.h"

/*
 * The records of the library: one for each packet of the golden, all keys.
 * NULL with a line on stderr when the scenario cannot be set up.
 */
json_t *player_play(const struct golden *golden);

#endif /* ORACLE_PLAYER_H */
