/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Captures of real traffic, for tests; they are no part of the project.
 *
 *	struct ct_capture capture;
 *
 *	ct_capture_open(&capture, "x.pcap");
 *	while (ct_capture_next(&capture, &p))
 *		... capture.ns: when it came, after the first one
 *	ct_capture_close(&capture);
 *
 * They are looked for in ../shared/captures beside the sources, or where
 * CT_CAPTURES in the environment says.  Pcap as little-endian machines write it,
 * of Ethernet or Linux' cooked link layer.
 */
#ifndef CT_TEST_CAPTURE_H
#define CT_TEST_CAPTURE_H

#include "packet.h"

#include <stdio.h>

struct ct_capture {
	FILE *file;
	uint32_t link_len; /* of the link layer's header */
	uint64_t first_ns;
	uint64_t ns; /* of the latest packet so far, after the first one */
};

bool ct_capture_exists(const char *name);

/* Fails the test if it cannot be read. */
void ct_capture_open(struct ct_capture *capture, const char *name);
void ct_capture_close(struct ct_capture *capture);

/* The next packet of IP, with what is padded behind it; others are passed over,
 * and one that is longer than p fails the test.  => false: there is none. */
bool ct_capture_next(struct ct_capture *capture, struct ct_test_packet *p);

/* The bytes behind its header of UDP, and how many; IPv4 without options. */
const uint8_t *ct_capture_udp(const struct ct_test_packet *p, uint32_t *len);

#endif /* CT_TEST_CAPTURE_H */
