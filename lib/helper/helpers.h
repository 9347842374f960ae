/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helpers.h - the list of built-in helpers
 */
#ifndef HELPER_HELPERS_H
#define HELPER_HELPERS_H

#include <conntrack/helper.h>

extern const struct ct_helper_ops ct_amanda_helper;
extern const struct ct_helper_ops ct_ftp_helper;
extern const struct ct_helper_ops ct_irc_helper;
extern const struct ct_helper_ops ct_netbios_ns_helper;
extern const struct ct_helper_ops ct_sane_helper;
extern const struct ct_helper_ops ct_snmp_helper;
extern const struct ct_helper_ops ct_rtsp_helper;
extern const struct ct_helper_ops ct_sip_helper;
extern const struct ct_helper_ops ct_h245_helper;
extern const struct ct_helper_ops ct_pptp_helper;
extern const struct ct_helper_ops ct_q931_helper;
extern const struct ct_helper_ops ct_ras_helper;
extern const struct ct_helper_ops ct_tftp_helper;

/* Every table has these from the start. */
extern const struct ct_helper_ops *const ct_helpers[];
extern const size_t ct_n_helpers;

#endif /* HELPER_HELPERS_H */
