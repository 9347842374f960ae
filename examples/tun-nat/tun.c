/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tun.c - see tun.h
 */
#include "tun.h"

#include <conntrack/cursor.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* Newer than some headers: Linux 6.2. */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

enum { UDP_HEADER = 8, TCP_OFFSET_AT = 12 };

static bool failed(const char *what, const char *name)
{
	fprintf(stderr, "tun-nat: %s: %s: %s\n", name, what, strerror(errno));
	return false;
}

/* --- Opening ------------------------------------------------------------ */

/* => The namespace that we were in, to go back to; -1 after an error. */
static int netns_enter(const char *netns)
{
	char path[128];
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int there;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	there = open(path, O_RDONLY | O_CLOEXEC);
	if (home >= 0 && there >= 0 && setns(there, CLONE_NEWNET) == 0) {
		close(there);
		return home;
	}
	failed("namespace", netns);
	if (there >= 0)
		close(there);
	if (home >= 0)
		close(home);
	return -1;
}

static bool netns_leave(int home)
{
	bool good = setns(home, CLONE_NEWNET) == 0 || failed("setns", "home");

	close(home);
	return good;
}

/* Super-packets: as many kinds as this kernel knows. */
static bool ask_offload(const struct tun *tun)
{
	static const unsigned kinds[] = {
		TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN |
			TUN_F_USO4 | TUN_F_USO6,
		TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN,
		TUN_F_CSUM,
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (ioctl(tun->fd, TUNSETOFFLOAD, kinds[i]) == 0)
			return true;
	return failed("TUNSETOFFLOAD", tun->name);
}

static bool ask_device(const struct tun *tun)
{
	struct ifreq req = { .ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR };
	int size = sizeof(struct virtio_net_hdr);

	memcpy(req.ifr_name, tun->name, sizeof(req.ifr_name));
	if (ioctl(tun->fd, TUNSETIFF, &req))
		return failed("TUNSETIFF", tun->name);
	if (ioctl(tun->fd, TUNSETVNETHDRSZ, &size))
		return failed("TUNSETVNETHDRSZ", tun->name);
	return ask_offload(tun);
}

static bool bring_up(const struct tun *tun)
{
	struct ifreq req = { .ifr_flags = 0 };

	memcpy(req.ifr_name, tun->name, sizeof(req.ifr_name));
	if (ioctl(tun->sock, SIOCGIFFLAGS, &req))
		return failed("flags", tun->name);
	req.ifr_flags = (short)(req.ifr_flags | IFF_UP);
	return ioctl(tun->sock, SIOCSIFFLAGS, &req) == 0 ||
	       failed("up", tun->name);
}

/* In the namespace that we are in. */
static bool open_here(struct tun *tun)
{
	tun->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (tun->fd < 0)
		return failed("/dev/net/tun", tun->name);
	tun->sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (tun->sock < 0)
		return failed("socket", tun->name);
	if (!ask_device(tun) || !bring_up(tun))
		return false;
	tun_refresh(tun);
	return true;
}

bool tun_open(struct tun *tun, const char *name, const char *netns)
{
	int home = -1;
	bool good;

	*tun = (struct tun){ .fd = -1, .sock = -1 };
	snprintf(tun->name, sizeof(tun->name), "%s", name);
	if (*netns) {
		home = netns_enter(netns);
		if (home < 0)
			return false;
	}
	good = open_here(tun);
	if (home >= 0 && !netns_leave(home))
		good = false;
	if (!good)
		tun_close(tun);
	return good;
}

void tun_close(struct tun *tun)
{
	if (tun->fd >= 0)
		close(tun->fd);
	if (tun->sock >= 0)
		close(tun->sock);
	tun->fd = -1;
	tun->sock = -1;
}

void tun_refresh(struct tun *tun)
{
	struct ifreq req = { .ifr_mtu = 0 };

	memcpy(req.ifr_name, tun->name, sizeof(req.ifr_name));
	if (ioctl(tun->sock, SIOCGIFMTU, &req) == 0 && req.ifr_mtu > 0)
		tun->mtu = (uint32_t)req.ifr_mtu;
}

/* --- Packets ------------------------------------------------------------ */

static void count(struct tun_traffic *traffic,
		  const struct virtio_net_hdr *vnet, uint32_t len)
{
	traffic->packets++;
	traffic->bytes += len;
	traffic->gso += vnet->gso_type != VIRTIO_NET_HDR_GSO_NONE;
	traffic->partial += (vnet->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0;
}

bool tun_read(struct tun *tun, struct frame *frame)
{
	struct iovec iov[] = { { &frame->vnet, sizeof(frame->vnet) },
			       { frame->data, sizeof(frame->data) } };
	ssize_t len = readv(tun->fd, iov, 2);

	if (len < (ssize_t)sizeof(frame->vnet))
		return false;
	frame->len = (uint32_t)((size_t)len - sizeof(frame->vnet));
	count(&tun->in, &frame->vnet, frame->len);
	return true;
}

void tun_write(struct tun *tun, const struct virtio_net_hdr *vnet,
	       const uint8_t *data, uint32_t len)
{
	/* writev(2) only reads, whatever its type says. */
	struct iovec iov[] = {
		{ (void *)(uintptr_t)vnet, sizeof(*vnet) },
		{ (void *)(uintptr_t)data, len },
	};

	if (writev(tun->fd, iov, 2) < 0)
		tun->refused++;
	else
		count(&tun->out, vnet, len);
}

uint32_t tun_segment(const struct frame *frame)
{
	const struct virtio_net_hdr *vnet = &frame->vnet;
	uint32_t l4 = vnet->csum_start, header = UDP_HEADER;
	struct ct_cursor cur = ct_cursor_of(frame->data, frame->len);

	if (vnet->gso_type == VIRTIO_NET_HDR_GSO_NONE)
		return frame->len;
	if ((vnet->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) !=
	    VIRTIO_NET_HDR_GSO_UDP_L4) {
		ct_cursor_skip(&cur, l4 + TCP_OFFSET_AT);
		header = (uint32_t)(ct_cursor_u8(&cur) >> 4) * 4;
	}
	return l4 + header + vnet->gso_size;
}
