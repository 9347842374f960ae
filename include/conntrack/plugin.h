/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * For authors of trackers and extensions; hosts need not read on.
 *
 * A plug-in is a constant struct of functions, registered with a table before
 * its first thread attaches (afterwards: CT_E_SEALED).  It must outlive the
 * table.  The built-in trackers register through these headers: what they can
 * do, a stranger's can; and a stranger's may take the place of a built-in one.
 *
 *	param.h         how parameters are defined
 *	tracker.h       ct_l3_ops, ct_l4_ops: what a tracker is made of
 *	tracker_call.h  what its functions may call
 *	cursor.h        how it reads the bytes of packets
 *	ext.h           a few bytes of one's own on each connection
 */
#ifndef CONNTRACK_PLUGIN_H
#define CONNTRACK_PLUGIN_H

#include <conntrack/conntrack.h>
#include <conntrack/cursor.h>
#include <conntrack/ext.h>
#include <conntrack/param.h>
#include <conntrack/tracker.h>
#include <conntrack/tracker_call.h>

#endif /* CONNTRACK_PLUGIN_H */
