/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SIP messages as text; see the header.
 *
 * Folded lines (RFC 3261 7.3.1) are one line: the functions that go along a
 * value step over a line's end when white space follows.
 */
#include "helper/sip_msg.h"

#include <arpa/inet.h>
#include <netinet/in.h>

/* What a header's value is. */
enum kind {
	DIGITS,
	ADDR, /* an address, perhaps with a port */
	URI   /* the same behind a user and "@" */
};

static const struct {
	const char *name;
	const char *compact; /* RFC 3261 7.3.3, or NULL */
	const char *search;  /* what stands before the address, or NULL */
	enum kind kind;
} headers[CT_SIP_HDR_MAX] = {
	[CT_SIP_CSEQ] = { "CSeq", NULL, NULL, DIGITS },
	[CT_SIP_FROM] = { "From", "f", "sip:", URI },
	[CT_SIP_TO] = { "To", "t", "sip:", URI },
	[CT_SIP_CONTACT] = { "Contact", "m", "sip:", URI },
	[CT_SIP_VIA_UDP] = { "Via", "v", "UDP ", ADDR },
	[CT_SIP_VIA_TCP] = { "Via", "v", "TCP ", ADDR },
	[CT_SIP_EXPIRES] = { "Expires", NULL, NULL, DIGITS },
	[CT_SIP_LENGTH] = { "Content-Length", "l", NULL, DIGITS },
	[CT_SIP_RECORD_ROUTE] = { "Record-Route", NULL, "sip:", URI },
	[CT_SIP_ROUTE] = { "Route", NULL, "sip:", URI },
};

/* Step over the end of a line that the next one continues. */
static bool unfold(struct ct_cursor *cur)
{
	ct_say_skip_end(cur);
	if (!ct_say_blank(ct_word_peek(cur)))
		return false;
	ct_say_skip_blanks(cur);
	return true;
}

/* White space between a header's parts; false when the header is over. */
static bool skip_space(struct ct_cursor *cur)
{
	ct_say_skip_blanks(cur);
	if (ct_say_end(ct_word_peek(cur)) && !unfold(cur))
		return false;
	return ct_cursor_left(cur) > 0;
}

/* Step up to the word, within this header. */
static bool seek(struct ct_cursor *cur, const char *word)
{
	size_t len = strlen(word);

	while (ct_cursor_left(cur) > len) {
		if (ct_say_end(ct_word_peek(cur))) {
			if (!unfold(cur))
				return false;
			continue;
		}
		if (ct_word_begins_nocase(cur, word))
			return true;
		ct_cursor_skip(cur, 1);
	}
	return false;
}

/* Step behind the word, within this header. */
static bool seek_behind(struct ct_cursor *cur, const char *word)
{
	if (!seek(cur, word))
		return false;
	ct_cursor_skip(cur, strlen(word));
	return true;
}

static bool skip_name(struct ct_cursor *cur, enum ct_sip_hdr hdr)
{
	const char *compact = headers[hdr].compact;
	struct ct_cursor behind = *cur;

	if (ct_word_begins_nocase(cur, headers[hdr].name)) {
		ct_cursor_skip(cur, strlen(headers[hdr].name));
		return true;
	}
	if (!compact || !ct_word_begins_nocase(cur, compact))
		return false;
	ct_cursor_skip(&behind, 1);
	if (!ct_cursor_left(&behind) || ct_say_alpha(ct_word_peek(&behind)))
		return false;
	*cur = behind;
	return true;
}

static bool skip_colon(struct ct_cursor *cur)
{
	if (!skip_space(cur) || ct_word_peek(cur) != ':')
		return false;
	ct_cursor_skip(cur, 1);
	return skip_space(cur);
}

static size_t skip_digits(struct ct_cursor *cur)
{
	size_t n = 0;

	for (; ct_word_digit(ct_word_peek(cur)); n++)
		ct_cursor_skip(cur, 1);
	return n;
}

/* Step behind the user of a URI, if it names one on this line; ">" ends the
 * URI. */
static void skip_user(struct ct_cursor *cur)
{
	struct ct_cursor at = *cur;

	while (ct_cursor_left(&at) && !ct_say_end(ct_word_peek(&at))) {
		uint8_t byte = ct_cursor_u8(&at);

		if (byte == '>')
			return;
		if (byte == '@') {
			*cur = at;
			return;
		}
	}
}

/* Step over a value of this kind; value is its place. */
static enum ct_found take(const struct ct_say *msg, struct ct_cursor *cur,
			  enum kind kind, struct ct_span *value)
{
	union ct_addr addr;

	value->off = ct_say_place(msg, cur);
	if (kind == DIGITS) {
		value->len = (uint32_t)skip_digits(cur);
		return value->len ? CT_FOUND : CT_FOUND_BAD;
	}
	if (kind == URI)
		skip_user(cur);
	value->off = ct_say_place(msg, cur);
	if (!ct_say_addr(cur, msg->l3, CT_SAY_URI, &addr))
		return CT_FOUND_BAD;
	if (ct_word_skip(cur, ":"))
		skip_digits(cur);
	value->len = ct_say_place(msg, cur) - value->off;
	return CT_FOUND;
}

/*
 * => The empty line that ends the headers hides the line behind it when it is
 *    a bare LF: every line has at least one byte.  Linux' way.
 */
enum ct_found ct_sip_find(const struct ct_say *msg, uint32_t from,
			  enum ct_sip_hdr hdr, struct ct_span *value)
{
	struct ct_cursor cur = ct_say_from(msg, from);

	while (ct_say_line(&cur)) {
		struct ct_cursor at = cur;

		ct_cursor_skip(&cur, 1);
		if (ct_say_blank(ct_word_peek(&at)) || !skip_name(&at, hdr))
			continue;
		if (!skip_colon(&at))
			return CT_FOUND_NONE;
		value->off = ct_say_place(msg, &at);
		if (headers[hdr].search &&
		    !seek_behind(&at, headers[hdr].search))
			return CT_FOUND_BAD;
		return take(msg, &at, headers[hdr].kind, value);
	}
	return CT_FOUND_NONE;
}

enum ct_found ct_sip_number(const struct ct_say *msg, enum ct_sip_hdr hdr,
			    uint32_t *value, struct ct_span *at)
{
	enum ct_found found = ct_sip_find(msg, 0, hdr, at);
	struct ct_cursor cur;

	if (found != CT_FOUND)
		return found;
	cur = ct_say_from(msg, at->off);
	ct_word_number(&cur, value);
	return CT_FOUND;
}

/* The next value of the same header, behind a comma. */
static enum ct_found next_listed(const struct ct_say *msg, uint32_t from,
				 enum ct_sip_hdr hdr, struct ct_span *value)
{
	struct ct_cursor cur = ct_say_from(msg, from);

	if (!seek(&cur, ",") || !seek_behind(&cur, headers[hdr].search))
		return CT_FOUND_NONE;
	return take(msg, &cur, headers[hdr].kind, value);
}

/* The next value that has an address, of this header or the next one. */
static enum ct_found next_value(const struct ct_say *msg,
				struct ct_sip_walk *walk, struct ct_span *value)
{
	enum ct_found found = CT_FOUND_BAD;

	while (walk->listed && found == CT_FOUND_BAD) {
		if (++walk->seen > CT_SIP_VALUES_MAX)
			return CT_FOUND_BAD;
		found = next_listed(msg, walk->off, walk->hdr, value);
		if (found == CT_FOUND)
			return found;
		if (found == CT_FOUND_BAD)
			walk->off = value->off;
	}
	walk->listed = false;
	do {
		if (++walk->seen > CT_SIP_VALUES_MAX)
			return CT_FOUND_BAD;
		found = ct_sip_find(msg, walk->off, walk->hdr, value);
		if (found == CT_FOUND_BAD)
			walk->off = value->off;
	} while (found == CT_FOUND_BAD);
	walk->listed = found == CT_FOUND;
	return found;
}

/* Read what take() stepped over. */
static enum ct_found read_uri(const struct ct_say *msg, struct ct_sip_uri *uri)
{
	struct ct_cursor cur = ct_say_from(msg, uri->at.off);
	uint32_t port = CT_SIP_PORT;

	if (!ct_say_addr(&cur, msg->l3, CT_SAY_URI, &uri->addr))
		return CT_FOUND_BAD;
	if (ct_word_skip(&cur, ":")) {
		port = 0;
		if (ct_word_number(&cur, &port) > 5)
			return CT_FOUND_BAD;
	}
	if (port < 1024 || port > UINT16_MAX)
		return CT_FOUND_BAD;
	uri->port = htons((uint16_t)port);
	return CT_FOUND;
}

enum ct_found ct_sip_uri_next(const struct ct_say *msg,
			      struct ct_sip_walk *walk, struct ct_sip_uri *uri)
{
	enum ct_found found = next_value(msg, walk, &uri->at);

	if (found != CT_FOUND)
		return found;
	found = read_uri(msg, uri);
	if (found == CT_FOUND)
		walk->off = uri->at.off + uri->at.len;
	return found;
}

bool ct_sip_is_answer(const struct ct_say *msg)
{
	return ct_word_begins_nocase(&msg->bytes, "SIP/2.0 ");
}

enum ct_found ct_sip_request_uri(const struct ct_say *msg,
				 struct ct_sip_uri *uri)
{
	struct ct_cursor cur = msg->bytes;

	if (!ct_say_alpha(ct_word_peek(&cur)))
		return CT_FOUND_NONE;
	while (ct_say_alpha(ct_word_peek(&cur)))
		ct_cursor_skip(&cur, 1);
	while (!ct_word_begins_nocase(&cur, "sip:")) {
		if (!ct_cursor_left(&cur) || ct_say_end(ct_word_peek(&cur)))
			return CT_FOUND_NONE;
		ct_cursor_skip(&cur, 1);
	}
	ct_cursor_skip(&cur, strlen("sip:"));
	if (take(msg, &cur, URI, &uri->at) != CT_FOUND)
		return CT_FOUND_NONE;
	return read_uri(msg, uri);
}

/* Step behind a parameter's name; what is left ends with its value. */
static bool param(const struct ct_say *msg, uint32_t from, const char *name,
		  struct ct_cursor *cur)
{
	struct ct_cursor comma = ct_say_from(msg, from);

	*cur = comma;
	if (seek(&comma, ","))
		cur->end = comma.at;
	return seek_behind(cur, name);
}

bool ct_sip_param_addr(const struct ct_say *msg, uint32_t from,
		       const char *name, enum ct_say_style style,
		       struct ct_sip_uri *value)
{
	struct ct_cursor cur;

	if (!param(msg, from, name, &cur))
		return false;
	value->at.off = ct_say_place(msg, &cur);
	value->port = 0;
	if (!ct_say_addr(&cur, msg->l3, style, &value->addr))
		return false;
	value->at.len = ct_say_place(msg, &cur) - value->at.off;
	return true;
}

enum ct_found ct_sip_param_number(const struct ct_say *msg, uint32_t from,
				  const char *name, uint32_t *value,
				  struct ct_span *at)
{
	struct ct_span place;
	struct ct_cursor cur;

	if (!param(msg, from, name, &cur))
		return CT_FOUND_NONE;
	place.off = ct_say_place(msg, &cur);
	place.len = (uint32_t)ct_word_number(&cur, value);
	if (at)
		*at = place;
	return place.len ? CT_FOUND : CT_FOUND_BAD;
}

bool ct_sip_other_transport(const struct ct_say *msg, uint32_t from)
{
	struct ct_cursor cur;

	if (!param(msg, from, "transport=", &cur))
		return false;
	return !ct_word_begins_nocase(&cur,
				      msg->l4 == IPPROTO_TCP ? "TCP" : "UDP");
}
