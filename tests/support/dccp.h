/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DCCP packets for tests: long numbers, room in the header for whatever a type
 * has behind them, ten bytes of data.
 */
#ifndef CT_TEST_DCCP_H
#define CT_TEST_DCCP_H

#include "packet.h"

enum {
	CT_TEST_DCCP = 33,
	CT_TEST_DCCP_COVER = 5,
	CT_TEST_DCCP_SUM = 6,
	CT_TEST_DCCP_SERVICE = 16, /* of a Request */
	CT_TEST_DCCP_HDR = 28,
	CT_TEST_DCCP_DATA = 10
};

enum ct_test_dccp_type {
	CT_TEST_DCCP_REQUEST,
	CT_TEST_DCCP_RESPONSE,
	CT_TEST_DCCP_DATA_PKT,
	CT_TEST_DCCP_ACK,
	CT_TEST_DCCP_DATAACK,
	CT_TEST_DCCP_CLOSEREQ,
	CT_TEST_DCCP_CLOSE,
	CT_TEST_DCCP_RESET,
	CT_TEST_DCCP_SYNC,
	CT_TEST_DCCP_SYNCACK,
	CT_TEST_DCCP_LISTEN
};

struct ct_test_dccp {
	uint8_t type;     /* enum ct_test_dccp_type */
	uint8_t coverage; /* as in the header: 0 is all */
	uint64_t seq;
	uint64_t ack; /* of a Request: left out, the service code is there */
};

void ct_test_dccp(struct ct_test_packet *p, const struct ct_test_flow *flow,
		  enum ct_dir dir, const struct ct_test_dccp *dccp);

/* Put the checksum right, by the header's coverage. */
void ct_test_dccp_sum(struct ct_test_packet *p);

#endif /* CT_TEST_DCCP_H */
