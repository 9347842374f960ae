/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Seeds for dialog.h, of captures and goldens that are on this machine.
 *
 * Of a capture (pcap, Ethernet, the machine's own order of bytes) as of the
 * goldens only plain IPv4 is looked at; a connection is what has the server's
 * port, until the next SYN or another client's port.
 */
#include "corpus.h"
#include "dialog.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	HEADER = 24,
	RECORD = 16,
	ETHERNET = 14,
	TCP = 6,
	UDP = 17,
	PACKETS_MAX = 4096,
	KINDS_MAX = 2
};

/* The packets of a kind. */
struct kept {
	const struct dialog_kind *kind;
	struct corpus_packet packets[PACKETS_MAX];
	unsigned n;
};

static struct kept all[KINDS_MAX];
static bool is_new_file;

static unsigned u16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

/* => The client's port, or -1 for a packet of something else. */
static int client_port(const struct dialog_kind *kind,
		       const struct corpus_packet *packet, uint8_t *head)
{
	const uint8_t *l4 = packet->bytes + 20;
	unsigned port = kind->port;

	if (packet->bytes[9] != kind->l4)
		return -1;
	if (kind->any_port)
		port = u16(l4) < u16(l4 + 2) ? u16(l4) : u16(l4 + 2);
	*head = u16(l4) == port ? 128 : 0;
	if (*head)
		return (int)u16(l4 + 2);
	return u16(l4 + 2) == port ? (int)u16(l4) : -1;
}

/* Only what has the server's port. */
static void keep(struct kept *kept, const uint8_t *bytes, uint32_t len)
{
	struct corpus_packet packet = { .len = len };
	uint8_t head;

	if (kept->n == PACKETS_MAX || len < 40 || bytes[0] != 0x45)
		return;
	packet.bytes = fuzz_copy(bytes, len);
	packet.first = is_new_file;
	if (client_port(kept->kind, &packet, &head) < 0) {
		free(packet.bytes);
		return;
	}
	is_new_file = false;
	kept->packets[kept->n++] = packet;
}

static void read_pcap(struct kept *kept, FILE *file)
{
	static uint8_t frame[1 << 16];
	uint8_t header[HEADER], record[RECORD];
	uint32_t len;

	is_new_file = true;
	if (fread(header, 1, HEADER, file) != HEADER)
		return;
	while (fread(record, 1, RECORD, file) == RECORD) {
		memcpy(&len, record + 8, sizeof(len));
		if (len > sizeof(frame) || fread(frame, 1, len, file) != len)
			return;
		if (len > ETHERNET && frame[12] == 8 && frame[13] == 0)
			keep(kept, frame + ETHERNET, len - ETHERNET);
	}
}

static int is_capture(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && strcmp(dot, ".pcap") == 0;
}

static void read_captures(struct kept *kept)
{
	const char *dir = getenv("CT_CAPTURES");
	struct dirent **entries;
	char path[4096];
	int n;

	if (!dir)
		dir = FUZZ_CAPTURES;
	n = scandir(dir, &entries, is_capture, alphasort);
	for (int i = 0; i < n; i++) {
		FILE *file;

		snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
		file = fopen(path, "rb");
		if (file) {
			read_pcap(kept, file);
			fclose(file);
		}
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

static void read_all(struct kept *kept)
{
	read_captures(kept);
	for (unsigned i = 0; i < corpus_size(); i++) {
		const struct corpus_packet *packet = corpus_at(i);

		is_new_file = is_new_file || packet->first;
		keep(kept, packet->bytes, packet->len);
	}
}

static const struct kept *packets_of(const struct dialog_kind *kind)
{
	struct kept *kept = all;

	while (kept->kind && kept->kind != kind)
		if (++kept == all + KINDS_MAX)
			fuzz_wrong("there are more kinds than are kept");
	if (!kept->kind) {
		kept->kind = kind;
		read_all(kept);
	}
	return kept;
}

static size_t add_payload(const struct dialog_kind *kind,
			  const struct corpus_packet *packet, uint8_t head,
			  uint8_t *to, size_t at)
{
	const uint8_t *l4 = packet->bytes + 20;
	size_t header = 20 + (kind->l4 == TCP   ? (size_t)(l4[12] >> 4) * 4
			      : kind->l4 == UDP ? 8
						: 4);
	size_t len = u16(packet->bytes + 2);

	if (len > packet->len)
		len = packet->len;
	if (header >= len)
		return at;
	return dialog_add(to, at, head, packet->bytes + header, len - header);
}

size_t dialog_seed(const struct dialog_kind *kind, unsigned n, uint8_t *to)
{
	const struct kept *kept = packets_of(kind);
	const struct corpus_packet *packets = kept->packets;
	unsigned found = 0;
	size_t at = 0;
	int last = -1;

	for (unsigned i = 0; i < kept->n; i++) {
		uint8_t head;
		int port = client_port(kind, &packets[i], &head);

		if (port < 0)
			continue;
		if (port != last || packets[i].first) {
			if (found++ == n + 1)
				break;
			at = dialog_begin(to, (uint8_t)(n % 8));
			last = port;
		}
		if (found == n + 1)
			at = add_payload(kind, &packets[i], head, to, at);
	}
	return found > n ? at : 0;
}
