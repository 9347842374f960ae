/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Features and flows; see flows.h.
 *
 * A packet without a connection (INVALID, say) belongs to a flow all the same:
 * its addresses and ports, without regard to direction.
 */
#include <stdlib.h>
#include <string.h>

#include "flows.h"
#include "packet.h"

enum { FLOW_LEN = 128 };

static struct ip_view view_of(const json_t *record, struct bytes *packet)
{
	bool masked;
	const char *hex = json_string_value(json_object_get(record, "in"));

	if (!hex || !bytes_from_hex(hex, packet, &masked))
		*packet = bytes_copy(NULL, 0);
	return packet_view(packet->data, packet->len, 0);
}

/* The feature that a packet itself needs, or NULL. */
static const char *feature_of(const struct ip_view *view)
{
	if (view_is_fragment(view) || view->has_fragment_header)
		return "fragments";
	if (view->proto == IPPROTO_SCTP)
		return "sctp";
	return view->proto == IPPROTO_GRE ? "gre" : NULL;
}

/* --- Whole goldens ------------------------------------------------------ */

static bool listed(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (list && *list) {
		size_t have = strcspn(list, ",");

		if (have == len && !memcmp(list, word, len))
			return true;
		list += have + (list[have] == ',');
	}
	return false;
}

const char *flows_feature(const struct golden *golden, const char *list)
{
	size_t i;
	json_t *record;

	if (json_object_get(golden->scenario, "nat") && listed(list, "nat"))
		return "nat";
	json_array_foreach(golden->packets, i, record)
	{
		struct bytes packet;
		struct ip_view view = view_of(record, &packet);
		const char *feature = feature_of(&view);

		free(packet.data);
		if (feature && listed(list, feature))
			return feature;
	}
	return NULL;
}

/* --- Packets ------------------------------------------------------------ */

/* One end of a flow as text. */
static void end_text(const struct ip_view *view, size_t addr_at, int id,
		     char *text)
{
	size_t i;
	size_t at = 0;

	for (i = 0; i < view->addr_len; i++)
		at += (size_t)snprintf(text + at, FLOW_LEN / 2 - at, "%02x",
				       view->data[addr_at + i]);
	snprintf(text + at, FLOW_LEN / 2 - at, ".%d", id);
}

/* The flow of a packet; an ICMP error is in that of what it quotes. */
static void flow_text(const struct ip_view *outer, char *text)
{
	struct ip_view view = *outer;
	char src[FLOW_LEN / 2];
	char dst[FLOW_LEN / 2];
	int src_id = -1;
	int dst_id = -1;
	bool swap;

	if (view_is_icmp_error(outer) && outer->transport + 8 < outer->len)
		view = packet_view(outer->data, outer->len,
				   outer->transport + 8);
	if (view.proto == PROTO_UNKNOWN) {
		*text = '\0';
		return;
	}
	if (view_has_ports(&view)) {
		src_id = view_u16(&view, 0);
		dst_id = view_u16(&view, 2);
	} else if (view_is_icmp_query(&view)) {
		src_id = dst_id = view_u16(&view, 4);
	}
	end_text(&view, view.src_at, src_id, src);
	end_text(&view, view.dst_at, dst_id, dst);
	swap = strcmp(src, dst) > 0;
	snprintf(text, FLOW_LEN + 8, "%d %s %s", view.proto, swap ? dst : src,
		 swap ? src : dst);
}

/* The name of a packet's connection in the golden, or NULL. */
static const char *connection_of(const json_t *record)
{
	const char *id = json_string_value(
		json_object_get(json_object_get(record, "ct"), "id"));

	return id && strcmp(id, "unconfirmed") ? id : NULL;
}

static bool is_expected(const json_t *status)
{
	size_t i;
	json_t *word;

	json_array_foreach(status, i,
			   word) if (!strcmp(json_string_value(word),
					     "expected")) return true;
	return false;
}

/* Whether a packet's own connection or bytes need what we do not have. */
static bool is_beyond(const json_t *record, const struct ip_view *view)
{
	const json_t *ct = json_object_get(record, "ct");

	return feature_of(view) || json_object_get(record, "defragmented") ||
	       is_expected(json_object_get(ct, "status"));
}

/* Mark what a packet belongs to, in the names' and the flows' set. */
static void mark(json_t *set, const json_t *record, const char *flow)
{
	const char *id = connection_of(record);

	if (id)
		json_object_set_new(set, id, json_true());
	if (*flow)
		json_object_set_new(set, flow, json_true());
}

static bool is_marked(const json_t *set, const json_t *record, const char *flow)
{
	const char *id = connection_of(record);

	return (id && json_object_get(set, id)) ||
	       (*flow && json_object_get(set, flow));
}

/* One pass over the packets: mark what is beyond us, or what touches that. */
static size_t spread(struct flows *flows, json_t *set, const json_t *packets)
{
	size_t counted = 0;
	size_t i;
	json_t *record;

	json_array_foreach(packets, i, record)
	{
		char flow[FLOW_LEN + 8];
		struct bytes packet;
		struct ip_view view = view_of(record, &packet);

		flow_text(&view, flow);
		if (is_beyond(record, &view) || is_marked(set, record, flow))
			mark(set, record, flow);
		flows->counts[i] = !is_beyond(record, &view) &&
				   !is_marked(set, record, flow);
		counted += flows->counts[i];
		free(packet.data);
	}
	return counted;
}

size_t flows_init(struct flows *flows, const json_t *packets)
{
	size_t n = json_array_size(packets);
	json_t *set = json_object();
	size_t before = n + 1;
	size_t counted = n;

	flows->counts = calloc(n + 1, sizeof(*flows->counts));
	while (flows->counts && counted < before) {
		before = counted;
		counted = spread(flows, set, packets);
	}
	json_decref(set);
	return counted;
}

void flows_fini(struct flows *flows)
{
	free(flows->counts);
}

/* --- Names -------------------------------------------------------------- */

void flows_rename(const json_t *packets, json_t *records)
{
	json_t *theirs = json_object(); /* the library's name: the golden's */
	json_t *taken = json_object();  /* the golden's name: the library's */
	size_t i;
	json_t *record;

	json_array_foreach(records, i, record)
	{
		const char *golden = connection_of(json_array_get(packets, i));
		const char *ours = connection_of(record);
		const char *name;

		if (!ours)
			continue;
		if (golden && !json_object_get(theirs, ours) &&
		    !json_object_get(taken, golden)) {
			json_object_set_new(theirs, ours, json_string(golden));
			json_object_set_new(taken, golden, json_string(ours));
		}
		name = json_string_value(json_object_get(theirs, ours));
		json_object_set_new(json_object_get(record, "ct"), "id",
				    name ? json_string(name)
					 : json_sprintf("(%s)", ours));
	}
	json_decref(theirs);
	json_decref(taken);
}
