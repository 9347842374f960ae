/* SPDX-License-Identifier: CC0-1.0 */
/* A network layer of one's own; see radio.c. */
#ifndef STRANGER_RADIO_H
#define STRANGER_RADIO_H

#include <conntrack/plugin.h>

#define RADIO_L3         16 /* numbers below are the library's */
#define RADIO_HEADER_LEN 8
#define RADIO_MAGIC      0x7a

extern const struct ct_l3_ops radio_ops;

/* Write a header before len bytes of transport. */
void radio_header(uint8_t header[RADIO_HEADER_LEN], uint8_t l4, uint16_t len,
		  const uint16_t addr[2]);

#endif
