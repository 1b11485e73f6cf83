/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FINGERPRINT_H
#define FINGERPRINT_H

/* SHA-256 of a text as 64 hex digits and a NUL, to tell values apart without showing them; empty on
 * failure. By OpenSSL here; on a device mbedtls_sha256() does the same. */
void fingerprint(char out[65], const char *text);

#endif
