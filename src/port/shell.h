/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_PORT_SHELL_H
#define BM_PORT_SHELL_H

/* Commands of the user, run as a shell would run them, and where they run. */

#include "birthmark/err.h"

/* Runs a command line by /bin/sh and waits for it. It has our input; what it prints goes to stderr.
 * Ctrl-C is for the command alone.
 * status: its exit status, or 128 and the number of the signal that ended it.
 * Returns BM_OK, also where the command failed, or BM_E_IO with diag->os_errno. */
int bm_port_shell(const char *command, int *status, struct bm_diag *diag);

/* 1 if a program of this name is on PATH. */
int bm_port_on_path(const char *program);

/* Changes the folder that relative paths begin at. Returns BM_OK, BM_E_NOENT or BM_E_IO. */
int bm_port_chdir(const char *path, struct bm_diag *diag);

/* Overwrites a file with zeros, as far as a file system lets that be, and removes it; one that is
 * not there is good. Returns BM_OK or BM_E_IO with diag->os_errno. */
int bm_port_wipe_file(const char *path, struct bm_diag *diag);

#endif
