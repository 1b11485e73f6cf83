/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CLI_LOCALE_H
#define BM_CLI_LOCALE_H

/* 1 if the environment asks for UTF-8: the first of the three that is set decides (POSIX). */
int cli_utf8(void);

#endif
