/* SPDX-License-Identifier: BSD-2-Clause */
/* The session description in a SIP message; see the header. */
#include "helper/sdp.h"

/* What stands behind a line's name. */
enum kind { DIGITS, ADDR, MEDIA };

static const struct {
	const char *name;
	enum kind kind;
} lines[CT_SDP_ANY] = {
	[CT_SDP_VERSION] = { "v=", DIGITS },   [CT_SDP_OWNER] = { "o=", ADDR },
	[CT_SDP_CONNECTION] = { "c=", ADDR },  [CT_SDP_MEDIA] = { "m=", MEDIA },
	[CT_SDP_RTCP] = { "a=rtcp:", DIGITS },
};

static const char *const kinds[CT_SDP_KINDS] = {
	[CT_SDP_AUDIO] = "audio ",
	[CT_SDP_VIDEO] = "video ",
	[CT_SDP_IMAGE] = "image ",
};

/* Step behind the family's name, within the line. */
static bool skip_family(struct ct_cursor *cur, uint8_t l3)
{
	const char *family = l3 == CT_L3_IPV6 ? "IN IP6 " : "IN IP4 ";

	while (ct_cursor_left(cur) > strlen(family)) {
		uint8_t byte = ct_word_peek(cur);

		if (byte == '\r' || byte == '\n')
			return false;
		if (ct_word_skip(cur, family))
			return true;
		ct_cursor_skip(cur, 1);
	}
	return false;
}

static bool skip_media(struct ct_cursor *cur)
{
	uint32_t port;

	while ((uint8_t)((ct_word_peek(cur) | 0x20) - 'a') < 26)
		ct_cursor_skip(cur, 1);
	if (!ct_word_skip(cur, " "))
		return false;
	ct_word_number(cur, &port);
	return true;
}

static bool skip_value(struct ct_cursor *cur, enum kind kind, uint8_t l3)
{
	union ct_addr addr;
	uint32_t number;

	switch (kind) {
	case DIGITS:
		return ct_word_number(cur, &number) > 0;
	case ADDR:
		return ct_word_addr(cur, l3, &addr);
	case MEDIA:
		return skip_media(cur);
	}
	return false;
}

enum ct_found ct_sdp_find(const struct ct_say *msg, uint32_t from,
			  enum ct_sdp_line line, enum ct_sdp_line before,
			  struct ct_span *value)
{
	struct ct_cursor cur = ct_say_from(msg, from);
	const char *name = lines[line].name;

	while (ct_say_line(&cur)) {
		if (before != CT_SDP_ANY &&
		    ct_word_begins_nocase(&cur, lines[before].name))
			return CT_FOUND_NONE;
		if (!ct_word_begins_nocase(&cur, name)) {
			ct_cursor_skip(&cur, 1);
			continue;
		}
		ct_cursor_skip(&cur, strlen(name));
		if (lines[line].kind == ADDR && !skip_family(&cur, msg->l3))
			return CT_FOUND_BAD;
		value->off = ct_say_place(msg, &cur);
		if (!skip_value(&cur, lines[line].kind, msg->l3))
			return CT_FOUND_BAD;
		value->len = ct_say_place(msg, &cur) - value->off;
		return CT_FOUND;
	}
	return CT_FOUND_NONE;
}

enum ct_found ct_sdp_addr(const struct ct_say *msg, uint32_t from,
			  enum ct_sdp_line line, enum ct_sdp_line before,
			  struct ct_span *value, union ct_addr *addr)
{
	enum ct_found found = ct_sdp_find(msg, from, line, before, value);
	struct ct_cursor cur;

	if (found != CT_FOUND)
		return found;
	cur = ct_say_from(msg, value->off);
	ct_word_addr(&cur, msg->l3, addr);
	return CT_FOUND;
}

bool ct_sdp_media_next(const struct ct_say *msg, uint32_t from,
		       struct ct_sdp_media *media)
{
	struct ct_cursor cur;

	if (ct_sdp_find(msg, from, CT_SDP_MEDIA, CT_SDP_ANY, &media->at) !=
	    CT_FOUND)
		return false;
	cur = ct_say_from(msg, media->at.off);
	media->known = false;
	for (unsigned kind = 0; kind < CT_SDP_KINDS; kind++) {
		if (!ct_word_skip(&cur, kinds[kind]))
			continue;
		media->known = true;
		media->kind = (enum ct_sdp_kind)kind;
		media->port_at.off = ct_say_place(msg, &cur);
		media->port_at.len =
			(uint32_t)ct_word_number(&cur, &media->port);
		break;
	}
	return true;
}
