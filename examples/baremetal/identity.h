/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IDENTITY_H
#define IDENTITY_H

/* The identity that the example gives a device that has none: PEM texts, NUL-terminated. */

extern const char identity_certificate[];
extern const char identity_key[];

#endif
