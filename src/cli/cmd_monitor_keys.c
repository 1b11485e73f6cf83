/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd_monitor_keys.h"

#include <string.h>

enum {
    CTRL_C = 0x03,
    BACKSPACE = 0x08,
    ENTER = 0x0d,
    CTRL_T = 0x14,
    CTRL_U = 0x15,
    ESCAPE = 0x1b,
    CTRL_BRACKET = 0x1d,
    DELETE = 0x7f
};

/* Behind Ctrl-T: a letter, with Ctrl or without. As idf_monitor has them, but F and G. */
static const struct {
    char letter;
    enum monitor_action action;
} menu[] = {
    {'h', ACTION_HELP},   {'r', ACTION_RESET}, {'p', ACTION_DOWNLOAD}, {'l', ACTION_LOG},
    {'f', ACTION_FILTER}, {'g', ACTION_GREP},  {'y', ACTION_PAUSE},    {'i', ACTION_STAMPS},
    {'x', ACTION_QUIT},   {'?', ACTION_HELP},
};

const char *const monitor_keys_help[] = {
    "Ctrl-]         quit",
    "Ctrl-T         menu; with Ctrl or without it:",
    "  Ctrl-H       this help",
    "  Ctrl-R       reset the board",
    "  Ctrl-P       reset it into download mode: it runs nothing",
    "  Ctrl-F       show only these tags and levels",
    "  Ctrl-G       show only lines that match",
    "  Ctrl-I       timestamps: none, relative, absolute",
    "  Ctrl-L       log file on and off",
    "  Ctrl-Y       stop the output, and go on",
    "  Ctrl-X       quit",
    "  Ctrl-T, Ctrl-]  send this key to the board",
    NULL,
};

static enum monitor_action menu_key(char c)
{
    char letter = c;
    if (c == CTRL_T || c == CTRL_BRACKET) {
        return ACTION_SEND;
    }
    if (c > 0 && c < ' ') {
        letter = (char)(c + 'a' - 1);
    } else if (c >= 'A' && c <= 'Z') {
        letter = (char)(c - 'A' + 'a');
    }
    for (size_t i = 0; i < sizeof menu / sizeof menu[0]; i++) {
        if (menu[i].letter == letter) {
            return menu[i].action;
        }
    }
    return ACTION_UNKNOWN;
}

static enum monitor_action answer_key(struct monitor_keys *k, char c)
{
    switch (c) {
    case ENTER: k->asking = 0; return ACTION_ANSWER;
    case CTRL_C:
    case ESCAPE:
    case CTRL_BRACKET: k->asking = 0; return ACTION_CANCEL;
    case BACKSPACE:
    case DELETE:
        while (k->len > 0 && (k->answer[--k->len] & 0xc0) == 0x80) { /* a character of UTF-8 */
        }
        break;
    case CTRL_U: k->len = 0; break;
    default:
        if ((unsigned char)c >= ' ' && k->len < KEYS_ANSWER_MAX) {
            k->answer[k->len++] = c;
        }
        break;
    }
    k->answer[k->len] = '\0';
    return ACTION_EDIT;
}

enum monitor_action monitor_key(struct monitor_keys *k, char c)
{
    if (k->asking) {
        return answer_key(k, c);
    }
    if (k->menu) {
        k->menu = 0;
        return menu_key(c);
    }
    if (c == CTRL_T) {
        k->menu = 1;
        return ACTION_MENU;
    }
    if (c == CTRL_BRACKET) {
        return ACTION_QUIT;
    }
    return c == ENTER ? ACTION_ENTER : ACTION_SEND;
}

void monitor_keys_ask(struct monitor_keys *k)
{
    k->asking = 1;
    k->len = 0;
    k->answer[0] = '\0';
}
