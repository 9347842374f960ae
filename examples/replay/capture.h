/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One capture file, read front to back through libpcap.
 *
 * capture_open(), then capture_next() until it answers anything but
 * CAPTURE_FRAME, then capture_close(), also after a failure.  What went wrong
 * is one line in error, without the file's name.
 */
#ifndef REPLAY_CAPTURE_H
#define REPLAY_CAPTURE_H

#include "link.h"

#include <pcap/pcap.h>

enum capture_answer { CAPTURE_FRAME, CAPTURE_END, CAPTURE_BROKEN };

struct capture {
	pcap_t *pcap;
	const char *name; /* for people: "standard input" for "-" */
	uint64_t size;    /* bytes of the file; 0: not known */
	int dlt;          /* DLT_* of its frames */
	char error[PCAP_ERRBUF_SIZE + 64];
};

/* A frame and when it was seen. */
struct capture_frame {
	struct link_frame frame; /* libpcap's; until the next one is read */
	uint64_t time_ns;        /* since 1970 */
};

/* => Returns 0, or -1 with error set. */
int capture_open(struct capture *cap, const char *path);
void capture_close(struct capture *cap);

enum capture_answer capture_next(struct capture *cap,
				 struct capture_frame *next);

/* Bytes of the file that were read; 0 when nobody knows. */
uint64_t capture_offset(const struct capture *cap);

#endif /* REPLAY_CAPTURE_H */
