/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * q931.h - where a Q.931 message of H.323 keeps its H.225.0 one; pure
 */
#ifndef HELPER_Q931_H
#define HELPER_Q931_H

#include "helper/per.h"

/*
 * From a Q.931 message to what its User-user element holds.
 *
 * => False when there is none; message is as it was.  Otherwise it is WHOLE
 *    unless the element goes on behind the bytes.
 */
bool ct_q931_user(struct ct_per_bytes *message);

#endif
