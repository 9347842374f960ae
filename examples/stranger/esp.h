/* SPDX-License-Identifier: CC0-1.0 */
/* A tracker for ESP, RFC 4303; see esp.c. */
#ifndef STRANGER_ESP_H
#define STRANGER_ESP_H

#include <conntrack/plugin.h>

extern const struct ct_l4_ops esp_ops;

#endif
