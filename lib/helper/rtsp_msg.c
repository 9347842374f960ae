/* SPDX-License-Identifier: BSD-2-Clause */
/* RTSP messages as text; see the header. */
#include "helper/rtsp_msg.h"

/* --- Headers --- */

/* Without what is behind the line's end. */
static struct ct_cursor to_end(const struct ct_cursor *cur)
{
	struct ct_cursor line = *cur;
	struct ct_cursor at = *cur;

	while (ct_cursor_left(&at) && !ct_say_end(ct_word_peek(&at)))
		ct_cursor_skip(&at, 1);
	line.end = at.at;
	return line;
}

bool ct_rtsp_header(const struct ct_say *msg, const char *name,
		    struct ct_cursor *value)
{
	struct ct_cursor cur = msg->bytes;

	/* The empty line ends the headers. */
	while (ct_say_line(&cur) && !ct_say_end(ct_word_peek(&cur))) {
		struct ct_cursor at = cur;

		if (!ct_word_begins_nocase(&at, name))
			continue;
		ct_cursor_skip(&at, strlen(name));
		ct_say_skip_blanks(&at);
		if (!ct_word_skip(&at, ":"))
			continue;
		ct_say_skip_blanks(&at);
		*value = to_end(&at);
		return true;
	}
	return false;
}

uint32_t ct_rtsp_length(const struct ct_say *msg, struct ct_span *at)
{
	struct ct_cursor value;
	uint32_t length = 0;

	at->off = 0;
	at->len = 0;
	if (!ct_rtsp_header(msg, "Content-Length", &value))
		return 0;
	at->off = ct_say_place(msg, &value);
	at->len = (uint32_t)ct_word_number(&value, &length);
	return at->len ? length : 0;
}

/* --- Transports --- */

/* The next part of a transport, up to ";" or ","; quotes hide both.
 *
 * => Returns what ended it, 0 at the value's end. */
static uint8_t take(struct ct_cursor *value, struct ct_cursor *part)
{
	bool quoted = false;
	uint8_t byte = 0;

	ct_say_skip_blanks(value);
	*part = *value;
	while (ct_cursor_left(value)) {
		byte = ct_word_peek(value);
		if (byte == '"')
			quoted = !quoted;
		if (!quoted && (byte == ';' || byte == ','))
			break;
		ct_cursor_skip(value, 1);
		byte = 0;
	}
	part->end = value->at;
	if (byte)
		ct_cursor_skip(value, 1);
	return byte;
}

static bool read_port(struct ct_cursor *cur, uint16_t *port)
{
	uint32_t number;

	if (!ct_word_digit(ct_word_peek(cur)) ||
	    ct_word_number(cur, &number) > 5 || number > UINT16_MAX)
		return false;
	*port = (uint16_t)number;
	return true;
}

/* "4588-4589", or "4588". */
static void read_range(const struct ct_say *msg, struct ct_cursor *cur,
		       struct ct_rtsp_end *end)
{
	uint16_t second;

	/* Said twice: the last one counts. */
	memset(end, 0, sizeof(*end));
	end->range = true;
	end->at[0].off = ct_say_place(msg, cur);
	if (!read_port(cur, &end->port))
		return;
	end->n = 1;
	if (ct_word_skip(cur, "-") && read_port(cur, &second) &&
	    second == end->port + 1)
		end->n = 2;
	end->at[0].len = ct_say_place(msg, cur) - end->at[0].off;
}

/* "192.0.2.5:4588", or ":4588" */
static bool read_addr(const struct ct_say *msg, struct ct_cursor *cur,
		      struct ct_rtsp_end *end, unsigned i)
{
	uint16_t port;

	if (!ct_word_skip(cur, "\""))
		return false;
	end->at[i].off = ct_say_place(msg, cur);
	end->named[i] = ct_say_addr(cur, msg->l3, CT_SAY_URI, &end->addr[i]);
	if (!ct_word_skip(cur, ":") || !read_port(cur, &port))
		return false;
	end->at[i].len = ct_say_place(msg, cur) - end->at[i].off;
	if (i == 0)
		end->port = port;
	else if (port != end->port + 1)
		return false;
	return ct_word_skip(cur, "\"");
}

/* One or two of them. */
static void read_addrs(const struct ct_say *msg, struct ct_cursor *cur,
		       struct ct_rtsp_end *end)
{
	memset(end, 0, sizeof(*end));
	for (; end->n < 2; end->n++)
		if ((end->n && !ct_word_skip(cur, "/")) ||
		    !read_addr(msg, cur, end, end->n))
			break;
}

static void read_host(const struct ct_say *msg, struct ct_cursor *cur,
		      struct ct_rtsp_host *host)
{
	host->at.off = ct_say_place(msg, cur);
	host->there = ct_say_addr(cur, msg->l3, CT_SAY_PLAIN, &host->addr);
	host->at.len = ct_say_place(msg, cur) - host->at.off;
}

static bool skip_name(struct ct_cursor *cur, const char *name)
{
	if (!ct_word_begins_nocase(cur, name))
		return false;
	ct_cursor_skip(cur, strlen(name));
	return true;
}

static void read_part(const struct ct_say *msg, struct ct_cursor part,
		      struct ct_rtsp_transport *transport)
{
	if (skip_name(&part, "client_port="))
		read_range(msg, &part, &transport->client);
	else if (skip_name(&part, "server_port="))
		read_range(msg, &part, &transport->server);
	else if (skip_name(&part, "dest_addr="))
		read_addrs(msg, &part, &transport->client);
	else if (skip_name(&part, "src_addr="))
		read_addrs(msg, &part, &transport->server);
	else if (skip_name(&part, "destination="))
		read_host(msg, &part, &transport->destination);
	else if (skip_name(&part, "source="))
		read_host(msg, &part, &transport->source);
	else if (skip_name(&part, "interleaved") ||
		 skip_name(&part, "multicast"))
		transport->udp = false;
}

/* "RTP/AVP", "RTP/SAVPF/UDP": what says nothing means UDP. */
static bool over_udp(struct ct_cursor protocol)
{
	return skip_name(&protocol, "RTP/") &&
	       !ct_word_find_nocase(&protocol, "/TCP");
}

bool ct_rtsp_transport_next(const struct ct_say *msg, struct ct_cursor *value,
			    struct ct_rtsp_transport *transport)
{
	struct ct_cursor part;
	uint8_t end;

	memset(transport, 0, sizeof(*transport));
	if (!ct_cursor_left(value))
		return false;
	end = take(value, &part);
	transport->udp = over_udp(part);
	while (end == ';') {
		end = take(value, &part);
		read_part(msg, part, transport);
	}
	return true;
}
