/* SPDX-License-Identifier: BSD-2-Clause */
/* SIP messages for tests; see sip.h. */
#include "sip.h"

#include <stdio.h>
#include <string.h>

const char *ct_sip_write(char to[CT_SIP_TEXT], const struct ct_sip_text *text)
{
	const char *body = text->body ? text->body : "";

	snprintf(to, CT_SIP_TEXT,
		 "%s\r\n"
		 "Via: SIP/2.0/%s %s;branch=z9hG4bK1\r\n"
		 "From: <sip:alice@%s>;tag=1\r\n"
		 "To: <sip:bob@198.51.100.5>\r\n"
		 "Call-ID: 1@example\r\n"
		 "CSeq: %s\r\n"
		 "Contact: <sip:me@%s>\r\n"
		 "%s"
		 "Content-Length: %zu\r\n"
		 "\r\n"
		 "%s",
		 text->first, text->by ? text->by : "UDP", text->via,
		 text->from, text->cseq, text->contact,
		 text->more ? text->more : "", strlen(body), body);
	return to;
}

const char *ct_sip_describe(char to[CT_SIP_TEXT], const char *addr,
			    const char *media)
{
	snprintf(to, CT_SIP_TEXT,
		 "v=0\r\n"
		 "o=- 1 1 IN IP4 %s\r\n"
		 "s=-\r\n"
		 "c=IN IP4 %s\r\n"
		 "t=0 0\r\n"
		 "%s",
		 addr, addr, media);
	return to;
}
