/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RTSP messages as text: headers and the transports that they offer (RFC 2326
 * 12.39, RFC 7826 18.54).  Pure functions; each goes over a header once.
 *
 *	RTP/AVP;unicast;client_port=4588-4589;server_port=6256-6257
 *	RTP/AVP/UDP;unicast;dest_addr=":4588"/":4589"
 *	RTP/AVP/TCP;unicast;interleaved=0-1
 */
#ifndef HELPER_RTSP_MSG_H
#define HELPER_RTSP_MSG_H

#include "helper/say.h"

/* Transports of one message that are looked at. */
enum { CT_RTSP_TRANSPORTS_MAX = 8 };

/* Where one end of a stream is: RTP and, if there are two, RTCP. */
struct ct_rtsp_end {
	unsigned n;           /* ports: 0 to 2; two are neighbours */
	bool range;           /* "4588-4589", one place: at[0] */
	bool named[2];        /* with an address */
	uint16_t port;        /* the first one */
	struct ct_span at[2]; /* "4588-4589"; or, each, "address:4588" */
	union ct_addr addr[2];
};

/* An address alone. */
struct ct_rtsp_host {
	bool there;
	struct ct_span at;
	union ct_addr addr;
};

struct ct_rtsp_transport {
	bool udp; /* RTP over UDP, unicast */
	struct ct_rtsp_end client;
	struct ct_rtsp_end server;
	struct ct_rtsp_host destination; /* the client's, RTSP 1.0 */
	struct ct_rtsp_host source;      /* the server's */
};

/* The value of the first such header, up to its line's end. */
bool ct_rtsp_header(const struct ct_say *msg, const char *name,
		    struct ct_cursor *value);

/* The next transport; value moves behind it. */
bool ct_rtsp_transport_next(const struct ct_say *msg, struct ct_cursor *value,
			    struct ct_rtsp_transport *transport);

/* Content-Length, and the place of its digits; 0 and none when there is none.
 */
uint32_t ct_rtsp_length(const struct ct_say *msg, struct ct_span *at);

#endif /* HELPER_RTSP_MSG_H */
