/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words of FTP (RFC 959, 2428) by which one end says where it listens.
 *
 *	client	PORT 10,0,0,2,19,136	    EPRT |1|10.0.0.2|5000|
 *	server	227 ... (10,0,0,2,19,136)   229 ... (|||5000|)
 *		        ^^^^^^^^^^^^^^^^	            ^^^^^^^^^
 * Underlined: what NAT replaces.
 */
#ifndef HELPER_FTP_H
#define HELPER_FTP_H

#include <conntrack/cursor.h>

enum ct_ftp_form { CT_FTP_PORT, CT_FTP_EPRT, CT_FTP_227, CT_FTP_229 };

enum ct_ftp_found {
	CT_FTP_NOTHING, /* another line */
	CT_FTP_BROKEN,  /* begins like an announcement and is none: cut off */
	CT_FTP_SAID     /* an announcement */
};

struct ct_ftp_word {
	enum ct_ftp_form form;
	uint32_t off; /* what NAT replaces, from the text's first byte; 0: it
			 was not reached */
	uint32_t len; /* how long that is */
	ct_be16 port;
	bool has_addr; /* else it is the speaker's own */
	uint8_t l3;    /* of addr */
	union ct_addr addr;
};

/*
 * What a text says in its first line.
 *
 * => l3: the connection's; dir: that of the speaker.
 * => Numbers wrap as they do in Linux: 0,5000 is port 5000, 71536 is 6000.
 */
enum ct_ftp_found ct_ftp_parse(struct ct_cursor text, uint8_t l3,
			       enum ct_dir dir, struct ct_ftp_word *word);

/* The same address and port as the form writes them.  => Its length. */
enum { CT_FTP_TEXT_SIZE = 64 };
uint32_t ct_ftp_print(char to[CT_FTP_TEXT_SIZE],
		      const struct ct_ftp_word *word);

#endif /* HELPER_FTP_H */
