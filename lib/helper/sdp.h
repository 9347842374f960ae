/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The session description (SDP, RFC 8866) in a SIP message: who sends which
 * media where to.
 *
 *	v=0                       version: where the description begins
 *	o=- 1 1 IN IP4 10.0.0.2   owner
 *	c=IN IP4 10.0.0.2         connection: the session's address
 *	m=audio 4000 RTP/AVP 0    media: kind and port
 *	c=IN IP4 10.0.0.3         its own address, instead
 *	a=rtcp:4001               RTCP elsewhere than one port above (RFC 3605)
 *
 * Pure functions; places are counted from the message's first byte.
 */
#ifndef HELPER_SDP_H
#define HELPER_SDP_H

#include "helper/sip_msg.h"

/* The lines that matter. */
enum ct_sdp_line {
	CT_SDP_VERSION,
	CT_SDP_OWNER,
	CT_SDP_CONNECTION,
	CT_SDP_MEDIA,
	CT_SDP_RTCP,
	CT_SDP_ANY /* as an end: there is none */
};

/* Kinds of media that connections are expected for. */
enum ct_sdp_kind { CT_SDP_AUDIO, CT_SDP_VIDEO, CT_SDP_IMAGE, CT_SDP_KINDS };

struct ct_sdp_media {
	struct ct_span at; /* "audio 4000" */
	struct ct_span port_at;
	uint32_t port; /* as it stands there, whatever the number */
	enum ct_sdp_kind kind;
	bool known; /* kind and the rest are set */
};

/*
 * The value of the next such line behind from, before a line `before`: an
 * address, the digits of a number, or a media line's kind and port.
 */
enum ct_found ct_sdp_find(const struct ct_say *msg, uint32_t from,
			  enum ct_sdp_line line, enum ct_sdp_line before,
			  struct ct_span *value);

/* The same, where the value is an address. */
enum ct_found ct_sdp_addr(const struct ct_say *msg, uint32_t from,
			  enum ct_sdp_line line, enum ct_sdp_line before,
			  struct ct_span *value, union ct_addr *addr);

/* The next media line behind from. */
bool ct_sdp_media_next(const struct ct_say *msg, uint32_t from,
		       struct ct_sdp_media *media);

#endif /* HELPER_SDP_H */
