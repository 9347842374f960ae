/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SIP helper's parts and what they share.
 *
 *	sip.c           framing and methods: which message means what
 *	sip_register.c  registrations: calls that will come from the registrar
 *	sip_media.c     the session description: RTP and RTCP
 *	sip_nat.c       addresses in the headers
 *	sip_msg.c, sdp.c  what stands where in a message; pure
 *	talk.c, talk_nat.c  one packet: its message, and other text in its place
 *
 * A message is handled in this order: its method's function first, which reads
 * the addresses as they came, expects, and rewrites what it expects; then the
 * other headers.  Since every replacement moves what is behind it, places are
 * looked up again after each.
 */
#ifndef HELPER_SIP_H
#define HELPER_SIP_H

#include "helper/helpers.h"
#include "helper/sip_msg.h"
#include "helper/talk.h"

/* Parameters, by their place in ct_helper_ops.params. */
enum ct_sip_param {
	CT_SIP_P_TIMEOUT,
	CT_SIP_P_DIRECT_SIGNALLING,
	CT_SIP_P_DIRECT_MEDIA,
	CT_SIP_P_EXTERNAL_MEDIA,
	CT_SIP_P_THOROUGH
};

/* Classes of expectations; Linux' numbers. */
enum ct_sip_class {
	CT_SIP_SIGNALLING,
	CT_SIP_AUDIO, /* the media follow in the order of enum ct_sdp_kind */
	CT_SIP_VIDEO,
	CT_SIP_IMAGE,
	CT_SIP_CLASSES
};

/* One direction of a stream: a message's body that has not come wholly. */
struct ct_sip_side {
	uint32_t missing;   /* bytes of it that were not looked at */
	uint32_t has_addr;  /* 1: its session has an address */
	union ct_addr addr; /* which */
	/* How the last segment began, in case that it comes again. */
	uint32_t last_seq;
	uint32_t last_missing;
	uint16_t last_cut;   /* 1: inside of headers */
	uint16_t last_media; /* 1: whose description was looked at */
};

/* What the helper keeps in a connection; zero at first. */
struct ct_sip_state {
	struct ct_sip_side side[CT_DIR_MAX];
	uint32_t register_cseq; /* of the registration that is waited for */
	uint32_t invite_cseq;   /* of the last INVITE */
	ct_be16 answer_port;    /* where the client wants to be answered, if
				   its Via names another port; or 0 */
	uint16_t reserved;
};

CT_STATIC_ASSERT(sizeof(struct ct_sip_state) <= CT_HELPER_STATE_MAX,
		 "its room");

/* One packet and, of it, one message. */
struct ct_sip {
	struct ct_talk talk;
	struct ct_sip_state *state;
	uint32_t missing; /* bytes of the body that will come later */
	bool thorough;    /* the parameter of this name */
	bool rest;        /* the message's first line went on before, and the
			     segment comes again */
	bool described;   /* its description was, or is to be, looked at */
};

/* --- sip_nat.c --- */

/* Let the headers name what the receiver knows.
 *
 * => Returns why the packet must be dropped, or NULL. */
const char *ct_sip_translate(struct ct_sip *sip);

/* --- sip_media.c --- */

/* Expect what a session description announces.
 *
 * => Returns why the packet must be dropped, or NULL. */
const char *ct_sip_media(struct ct_sip *sip);

/* The same for more of a description whose session part was seen before. */
const char *ct_sip_media_more(struct ct_sip *sip, struct ct_sip_side *side);

/* Remember a description's session part. */
void ct_sip_media_begin(const struct ct_sip *sip, struct ct_sip_side *side);

/* Expect no media any more. */
void ct_sip_media_end(struct ct_sip *sip);

/* --- sip_register.c --- */

const char *ct_sip_register(struct ct_sip *sip, uint32_t cseq);
const char *ct_sip_registered(struct ct_sip *sip, uint32_t cseq, uint32_t code);

/* --- sip.c --- */

uint32_t ct_sip_get(const struct ct_sip *sip, enum ct_sip_param param);

#endif /* HELPER_SIP_H */
