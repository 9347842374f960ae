/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SIP messages for tests: Alice, inside at 10.0.0.2:5060, and Bob, outside at
 * 198.51.100.5:5060.
 */
#ifndef CT_TEST_SIP_H
#define CT_TEST_SIP_H

#include <stddef.h>

enum { CT_SIP_TEXT = 2048 };

/* What a message says; NULL where it has nothing of the kind. */
struct ct_sip_text {
	const char *first;   /* "INVITE sip:bob@198.51.100.5 SIP/2.0" */
	const char *via;     /* "10.0.0.2:5060" */
	const char *from;    /* "10.0.0.2" */
	const char *contact; /* "10.0.0.2:5060" */
	const char *cseq;    /* "1 INVITE" */
	const char *more;    /* other headers, each with its line's end */
	const char *body;
	const char *by; /* "TCP"; NULL: "UDP" */
};

/* => to, with Content-Length as it must be. */
const char *ct_sip_write(char to[CT_SIP_TEXT], const struct ct_sip_text *text);

/* A description with one address and the media lines given.  => to */
const char *ct_sip_describe(char to[CT_SIP_TEXT], const char *addr,
			    const char *media);

#endif /* CT_TEST_SIP_H */
