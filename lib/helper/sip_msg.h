/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SIP messages as text: where a header's value is, and what address it names.
 *
 * Pure functions over one whole message (RFC 3261).   None of them goes over a byte more
 * than twice, whatever the message says.
 *
 * What is found where is what Linux finds, so that both rewrite and expect the
 * same: a header's name is looked for at the start of every line, also of the
 * body's; "search" words of a value, and the address behind, follow.
 */
#ifndef HELPER_SIP_MSG_H
#define HELPER_SIP_MSG_H

#include "helper/say.h"

/* The port that a URI without one means. */
enum { CT_SIP_PORT = 5060 };

/* Values of one header that are looked at: each may cost a pass over the whole
 * message. */
enum { CT_SIP_VALUES_MAX = 32 };

/* The headers that matter. */
enum ct_sip_hdr {
	CT_SIP_CSEQ,
	CT_SIP_FROM,
	CT_SIP_TO,
	CT_SIP_CONTACT,
	CT_SIP_VIA_UDP,
	CT_SIP_VIA_TCP,
	CT_SIP_EXPIRES,
	CT_SIP_LENGTH, /* Content-Length */
	CT_SIP_RECORD_ROUTE,
	CT_SIP_ROUTE,
	CT_SIP_HDR_MAX
};

/* Address and port of a URI. */
struct ct_sip_uri {
	struct ct_span at; /* the text "address" or "address:port" */
	union ct_addr addr;
	ct_be16 port;
};

/* Where a walk over all values of a header has come to; hdr is set and the
 * rest is zero at first. */
struct ct_sip_walk {
	enum ct_sip_hdr hdr;
	uint32_t off;  /* behind the last one */
	uint16_t seen; /* how many were looked at */
	bool listed;   /* others may follow behind a comma */
};

/*
 * The value of the first such header behind from.
 *
 * => CT_FOUND_BAD: value->off is where the value begins.
 */
enum ct_found ct_sip_find(const struct ct_say *msg, uint32_t from,
			  enum ct_sip_hdr hdr, struct ct_span *value);

/* The number that is a header's value; CT_FOUND_BAD when there are no digits. */
enum ct_found ct_sip_number(const struct ct_say *msg, enum ct_sip_hdr hdr,
			    uint32_t *value, struct ct_span *at);

/* The next value of walk's header that is a URI with an address.
 *
 * => Values without an address are passed over.
 * => CT_FOUND_BAD: the port is none that one may expect, or there are too many
 *    values; the walk ends.
 */
enum ct_found ct_sip_uri_next(const struct ct_say *msg,
			      struct ct_sip_walk *walk, struct ct_sip_uri *uri);

/* Whether it is an answer and no request. */
bool ct_sip_is_answer(const struct ct_say *msg);

/* The URI of a request. */
enum ct_found ct_sip_request_uri(const struct ct_say *msg,
				 struct ct_sip_uri *uri);

/* A parameter of the value that ends at from: "maddr=" and an address. */
bool ct_sip_param_addr(const struct ct_say *msg, uint32_t from,
		       const char *name, enum ct_say_style style,
		       struct ct_sip_uri *value);

/* The same with a number; at may be NULL. */
enum ct_found ct_sip_param_number(const struct ct_say *msg, uint32_t from,
				  const char *name, uint32_t *value,
				  struct ct_span *at);

/* => Whether the value that ends at from names another transport than the one
 * that the message came by. */
bool ct_sip_other_transport(const struct ct_say *msg, uint32_t from);

#endif /* HELPER_SIP_MSG_H */
