/* SPDX-License-Identifier: CC0-1.0 */
/*
 * What a stranger can add to the library with its installed headers alone: a
 * transport tracker (esp.c), a network layer (radio.c) and extensions (note.c).
 * Some packets of each go through a table; what happens is printed.  In the
 * public domain.
 */
#include "esp.h"
#include "note.h"
#include "radio.h"

#include <conntrack/dump.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND     UINT64_C(1000000000)
#define IP_LEN     20
#define ESP_LEN    16 /* SPI, sequence, and something sealed */
#define UDP_LEN    12
#define UDP_NUMBER 17

struct host {
	struct ct_table *tbl;
	struct ct_thread *thr;
	struct note_ids notes;
	uint64_t now_ns;
};

static void check(int error, const char *what)
{
	if (!error)
		return;
	fprintf(stderr, "%s: %s\n", what, ct_strerror(error));
	exit(EXIT_FAILURE);
}

/* --- Packets ------------------------------------------------------------ */

static void put16(uint8_t *to, unsigned value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

static unsigned sum16(const uint8_t *bytes, size_t len, unsigned sum)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (unsigned)bytes[i] << 8 | bytes[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* 192.0.2.1 and 198.51.100.1 talk ESP; 0 is what the first one says. */
static uint32_t esp_packet(uint8_t *packet, int from, uint16_t spi)
{
	static const uint8_t ends[2][4] = { { 192, 0, 2, 1 },
					    { 198, 51, 100, 1 } };

	memset(packet, 0, IP_LEN + ESP_LEN);
	packet[0] = 0x45;
	put16(packet + 2, IP_LEN + ESP_LEN);
	packet[8] = 64;
	packet[9] = esp_ops.l4;
	memcpy(packet + 12, ends[from], 4);
	memcpy(packet + 16, ends[1 - from], 4);
	put16(packet + 10, ~sum16(packet, IP_LEN, 0));
	put16(packet + IP_LEN + 2, spi);
	return IP_LEN + ESP_LEN;
}

/* Stations 0x0101 and 0x0202 talk UDP. */
static uint32_t radio_packet(uint8_t *packet, int from)
{
	static const uint16_t ends[2] = { 0x0101, 0x0202 };
	static const uint16_t ports[2] = { 4000, 5683 };
	const uint16_t addr[2] = { ends[from], ends[1 - from] };
	const unsigned pseudo = 0x0101u + 0x0202u + UDP_NUMBER + UDP_LEN;
	uint8_t *udp = packet + RADIO_HEADER_LEN;

	radio_header(packet, UDP_NUMBER, UDP_LEN, addr);
	memset(udp, 0, UDP_LEN);
	put16(udp, ports[from]);
	put16(udp + 2, ports[1 - from]);
	put16(udp + 4, UDP_LEN);
	put16(udp + 6, ~sum16(udp, UDP_LEN, pseudo));
	return RADIO_HEADER_LEN + UDP_LEN;
}

/* --- The host ----------------------------------------------------------- */

static void on_event(void *user, const struct ct_event_info *ev)
{
	const struct host *host = user;
	const char *note = note_read(host->tbl, ev->conn, &host->notes);
	char line[1024];

	if (ct_event_text(ev, CT_TEXT_EXTENDED, line, sizeof(line)) > 0)
		printf("%s%s%s\n", line, note ? " note=" : "",
		       note ? note : "");
}

static void one_packet(struct host *host, uint8_t *bytes, uint32_t len,
		       uint8_t l3)
{
	static const char *const states[CT_STATE_MAX] = {
		"invalid", "new", "established", "related", "untracked"
	};
	struct ct_pkt pkt = { .data = bytes, .len = len, .l3 = l3 };

	ct_process(host->thr, &pkt, CT_HOOK_PREROUTING);
	printf("          %s %s: %s", states[pkt.state],
	       pkt.dir == CT_DIR_ORIG ? "original" : "reply",
	       ct_reason_text(pkt.reason)->text);
	if (pkt.conn)
		printf(", packet %llu",
		       (unsigned long long)note_count(host->tbl, pkt.conn,
						      &host->notes));
	printf("\n");
	if (pkt.state == CT_NEW && l3 == RADIO_L3)
		check(note_write(host->thr, pkt.conn, &host->notes, "on_air"),
		      "note");
	ct_confirm(host->thr, &pkt);
}

static void pass_time(struct host *host, uint64_t seconds)
{
	host->now_ns += seconds * SECOND;
	ct_thread_poll(host->thr, host->now_ns);
	check(ct_maintain(host->tbl, host->now_ns, 0), "maintenance");
}

static void play_esp(struct host *host)
{
	uint8_t packet[IP_LEN + ESP_LEN];

	for (uint16_t spi = 0x1000; spi <= 0x1001; spi++)
		one_packet(host, packet, esp_packet(packet, 0, spi),
			   CT_L3_IPV4);
	one_packet(host, packet, esp_packet(packet, 1, 0x1000), CT_L3_IPV4);
	one_packet(host, packet, esp_packet(packet, 0, 0), CT_L3_IPV4);
	one_packet(host, packet, esp_packet(packet, 0, 0x1000) - 10,
		   CT_L3_IPV4);
}

static void play_radio(struct host *host)
{
	uint8_t packet[RADIO_HEADER_LEN + UDP_LEN];

	one_packet(host, packet, radio_packet(packet, 0), RADIO_L3);
	one_packet(host, packet, radio_packet(packet, 1), RADIO_L3);
	pass_time(host, 5);
	one_packet(host, packet, radio_packet(packet, 0), RADIO_L3);
	one_packet(host, packet, radio_packet(packet, 1), RADIO_L3);
	radio_packet(packet, 0);
	packet[RADIO_HEADER_LEN + 6] ^= 1;
	one_packet(host, packet, sizeof(packet), RADIO_L3);
}

static void set_up(struct host *host)
{
	struct ct_sub *sub;

	check(ct_table_create(NULL, &host->tbl), "table");
	check(ct_l4_register(host->tbl, &esp_ops), "esp");
	check(ct_l3_register(host->tbl, &radio_ops), "radio");
	check(note_register(host->tbl, &host->notes), "notes");
	check(ct_param_set(host->tbl, "esp.timeout", 100), "esp.timeout");
	check(ct_subscribe(host->tbl, CT_EV_ALL, on_event, host, &sub),
	      "events");
	check(ct_thread_attach(host->tbl, &host->thr), "thread");
	printf("          once a thread is attached: %s\n",
	       ct_strerror(ct_l4_register(host->tbl, &esp_ops)));
}

int main(void)
{
	struct host host = { .now_ns = SECOND };

	set_up(&host);
	pass_time(&host, 0);
	play_esp(&host);
	play_radio(&host);
	pass_time(&host, 101); /* the end of ESP, but not of the stream */
	ct_thread_detach(host.thr);
	ct_table_destroy(host.tbl);
	printf("          destructors: %u for counts, %u for texts\n",
	       note_ends().seen, note_ends().text);
	return 0;
}
