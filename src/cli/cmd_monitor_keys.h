/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_CLI_MONITOR_KEYS_H
#define BM_CLI_MONITOR_KEYS_H

/* What the keys of `monitor` mean. */

#include <stddef.h>

enum monitor_action {
    ACTION_NONE = 0,
    ACTION_SEND,  /* one byte, to the board */
    ACTION_ENTER, /* the end of a line, to the board */
    ACTION_QUIT,
    ACTION_MENU, /* Ctrl-T was pressed */
    ACTION_HELP,
    ACTION_RESET,
    ACTION_DOWNLOAD,
    ACTION_LOG,
    ACTION_FILTER,
    ACTION_GREP,
    ACTION_PAUSE,
    ACTION_STAMPS,
    ACTION_UNKNOWN,
    ACTION_EDIT,   /* the answer to a question has changed */
    ACTION_ANSWER, /* it is complete */
    ACTION_CANCEL
};

enum { KEYS_ANSWER_MAX = 200 };

struct monitor_keys {
    int menu;   /* Ctrl-T came before */
    int asking; /* keys are the answer to a question */
    char answer[KEYS_ANSWER_MAX + 1];
    size_t len;
};

/* What to do for one byte of the keyboard. */
enum monitor_action monitor_key(struct monitor_keys *k, char c);

/* Begins a question: until ACTION_ANSWER or ACTION_CANCEL keys go into the answer. */
void monitor_keys_ask(struct monitor_keys *k);

extern const char *const monitor_keys_help[]; /* lines, ending with NULL */

#endif
