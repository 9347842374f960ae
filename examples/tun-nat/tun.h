/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tun.h - a TUN device: IP packets, each behind a struct virtio_net_hdr
 *
 * With that header the kernel hands over TCP and UDP super-packets of up to 64
 * KB (gso_size says how they are to be cut) and transport checksums that hold
 * the pseudo header's sum only.  Both save most of the work of forwarding.
 */
#ifndef TUN_NAT_TUN_H
#define TUN_NAT_TUN_H

#include "ip.h"

#include <conntrack/packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>

struct tun {
	int fd;   /* packets, not blocking */
	int sock; /* any socket of the device's namespace, to ask about it */
	char name[IFNAMSIZ];
	uint32_t mtu;
	struct tun_traffic {
		uint64_t packets, bytes, gso, partial;
	} in, out;        /* from the device, to the device */
	uint64_t refused; /* what the device did not take */
};

/* A packet, from a device or for one. */
struct frame {
	struct virtio_net_hdr vnet;
	uint32_t len; /* of data */
	int from;     /* enum side */
	struct ip ip; /* its header, as it came */
	struct ct_pkt pkt;
	uint8_t data[65536];
};

/*
 * Open a device, which is made if it is not there, and bring it up.
 *
 * => netns is the name of a namespace as ip-netns(8) has it, or "".
 * => False after a line on stderr; tun is closed then.
 */
bool tun_open(struct tun *tun, const char *name, const char *netns);

/* A tun that is all zero but for fd and sock, which are -1, may be closed. */
void tun_close(struct tun *tun);

/* Ask for the MTU, which may have changed. */
void tun_refresh(struct tun *tun);

/* => False when no packet is there. */
bool tun_read(struct tun *tun, struct frame *frame);

/* Send a packet.  One that the device does not take is lost, and counted. */
void tun_write(struct tun *tun, const struct virtio_net_hdr *vnet,
	       const uint8_t *data, uint32_t len);

/* => Bytes of the largest packet that the frame will be cut into. */
uint32_t tun_segment(const struct frame *frame);

#endif /* TUN_NAT_TUN_H */
