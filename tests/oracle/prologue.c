/* SPDX-License-Identifier: BSD-2-Clause */
/* What came before a golden's records; see prologue.h. */
#include "prologue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The packet of a record, from so much lower a port; hex. */
static json_t *shifted(const json_t *record, json_int_t down)
{
	const char *hex = json_string_value(json_object_get(record, "in"));
	json_t *in = NULL;
	struct bytes packet;
	struct ip_view view;
	bool masked;

	if (!hex || !bytes_from_hex(hex, &packet, &masked))
		return NULL;
	view = packet_view(packet.data, packet.len, 0);
	if (!masked && view_has_ports(&view) && view_u16(&view, 0) >= down) {
		put_be16(packet.data + view.transport,
			 (uint32_t)(view_u16(&view, 0) - down));
		packet_set_checksum(&packet);
		in = bytes_to_hex(packet.data, packet.len);
	}
	free(packet.data);
	return in;
}

/* Each record's packet is the next one's, a port lower. */
static bool is_series(const json_t *packets)
{
	const size_t n = json_array_size(packets);
	bool good = n > 1;

	for (size_t i = 1; i < n && good; i++) {
		const json_t *before = json_array_get(packets, i - 1);
		json_t *in = shifted(json_array_get(packets, i), 1);

		good = in && json_equal(in, json_object_get(before, "in"));
		json_decref(in);
	}
	return good;
}

static bool play(struct player *player)
{
	const json_t *packets = player->golden->packets;
	const json_t *first = json_array_get(packets, 0);
	json_int_t from = json_integer_value(
		json_object_get(player->golden->scenario, "record_from"));

	if (from > 0 && !is_series(packets))
		return false;
	for (json_int_t i = 0; i < from; i++) {
		json_t *in = shifted(first, from - i);
		json_t *record;

		if (!in)
			return false;
		record = json_pack("{s:I,s:O,s:o}", "i", i, "side",
				   json_object_get(first, "side"), "in", in);
		json_decref(play_one(player, record));
		json_decref(record);
	}
	return true;
}

bool prologue_play(struct player *player)
{
	if (play(player))
		return true;
	fprintf(stderr, "ct-oracle: %s: what came before is not known\n",
		player->golden->name);
	return false;
}
