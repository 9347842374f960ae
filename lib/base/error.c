/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * error.c - words for the numbers in errors and reasons, and the version
 */
#include <conntrack/conntrack.h>

const char *ct_strerror(int error)
{
	switch (error) {
	case CT_OK:
		return "success";
#define CT_ERROR_CASE(name, num, text) \
	case num:                      \
		return text;
		CT_ERRORS(CT_ERROR_CASE)
#undef CT_ERROR_CASE
	default:
		return "unknown error";
	}
}

const struct ct_reason_text *ct_reason_text(unsigned reason)
{
#define CT_REASON_TEXT(name, num, kind, text, source) \
	[num] = { #name, text, source, CT_RC_##kind, 0 },
	static const struct ct_reason_text texts[CT_REASON_MAX] = { CT_REASONS(
		CT_REASON_TEXT) };
#undef CT_REASON_TEXT
	static const struct ct_reason_text unknown = { "UNKNOWN",
						       "unknown reason", "",
						       CT_RC_T, 0 };

	if (reason >= CT_REASON_MAX || !texts[reason].name)
		return &unknown;
	return &texts[reason];
}

const char *ct_version(void)
{
	return CT_VERSION;
}
