/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helpers.c - the list of built-in helpers
 */
#include "helper/helpers.h"

const struct ct_helper_ops *const ct_helpers[] = {
	&ct_amanda_helper, &ct_ftp_helper,        &ct_h245_helper,
	&ct_irc_helper,    &ct_netbios_ns_helper, &ct_pptp_helper,
	&ct_q931_helper,   &ct_ras_helper,        &ct_rtsp_helper,
	&ct_sane_helper,   &ct_sip_helper,        &ct_snmp_helper,
	&ct_tftp_helper,
};

const size_t ct_n_helpers = sizeof(ct_helpers) / sizeof(*ct_helpers);
