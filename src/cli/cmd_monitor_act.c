/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/cmd_monitor_state.h"
#include "link/reset.h"

enum { SEND_MS = 1000 };

static void reset_board(struct monitor *m, int download)
{
    const char *steps = !download                              ? bm_reset_run
                        : m->serial.kind == BM_SERIAL_USB_JTAG ? bm_reset_usb
                                                               : bm_reset_classic;
    if (m->is_gone) {
        screen_notice(&m->screen, NULL, "the board is not there");
        return;
    }
    const int rc = bm_reset_run_sequence(steps, &m->serial);
    screen_notice(&m->screen, NULL, "%s",
                  rc == BM_E_READONLY ? "this port has no reset line"
                  : rc != BM_OK       ? "the board cannot be reset by this port"
                  : download          ? "the board is in download mode; Ctrl-T Ctrl-R runs it"
                                      : "the board was reset");
}

static void ask(struct monitor *m, enum monitor_action question)
{
    m->asked = question;
    monitor_keys_ask(&m->keys);
    m->screen.answer = m->keys.answer;
    m->screen.prompt = question == ACTION_FILTER
                           ? "show tags and levels (\"wifi:W,*:I\", empty: all)"
                           : "show lines that match (empty: all)";
    screen_prompt(&m->screen);
}

static void take_answer(struct monitor *m)
{
    struct bm_diag diag = {0};
    struct bm_log_filter filter;
    struct bm_regex *regex = NULL;
    int rc = BM_OK;
    screen_prompt_end(&m->screen);
    if (m->asked == ACTION_FILTER) {
        char text[sizeof m->filter_text];
        memcpy(text, m->keys.answer, sizeof text);
        rc = bm_log_filter_parse(&filter, text, &diag);
        if (rc == BM_OK) {
            memcpy(m->filter_text, text, sizeof text);
            (void)bm_log_filter_parse(&m->filter, m->filter_text, NULL);
        }
    } else {
        rc = m->keys.len > 0 ? bm_port_regex_make(&regex, m->keys.answer, &diag) : BM_OK;
        if (rc == BM_OK) {
            bm_port_regex_free(m->grep);
            m->grep = regex;
        }
    }
    screen_notice(&m->screen, NULL, "%s%s%s",
                  rc == BM_OK ? "set" : "not set: ", diag.where[0] != '\0' ? diag.where : "",
                  rc == BM_OK ? "" : diag.text);
}

static void send(struct monitor *m, const char *bytes, size_t len)
{
    if (!m->is_gone) {
        (void)m->serial.ops->write(m->serial.ctx, bytes, len, SEND_MS);
    }
}

static void set_paused(struct monitor *m)
{
    m->paused = !m->paused;
    screen_notice(&m->screen, NULL, "%s",
                  m->paused ? "output stopped; Ctrl-T Ctrl-Y goes on" : "output goes on");
}

static void help(struct monitor *m)
{
    for (const char *const *line = monitor_keys_help; *line != NULL; line++) {
        screen_notice(&m->screen, NULL, "%s", *line);
    }
}

static void next_stamps(struct monitor *m)
{
    static const char *const names[] = {"no timestamps", "relative timestamps",
                                        "absolute timestamps"};
    m->screen.stamps = (enum screen_stamps)((m->screen.stamps + 1) % 3);
    screen_notice(&m->screen, NULL, "%s", names[m->screen.stamps]);
}

void monitor_act(struct monitor *m, enum monitor_action action, char c)
{
    const char *eol = m->wish->eol != NULL ? m->wish->eol : "\r";
    switch (action) {
    case ACTION_SEND: send(m, &c, 1); break;
    case ACTION_ENTER: send(m, eol, strlen(eol)); break;
    case ACTION_QUIT: m->verdict = m->verdict == OPEN ? QUIT : m->verdict; break;
    case ACTION_HELP: help(m); break;
    case ACTION_RESET: reset_board(m, 0); break;
    case ACTION_DOWNLOAD: reset_board(m, 1); break;
    case ACTION_LOG: monitor_log_toggle(m); break;
    case ACTION_FILTER:
    case ACTION_GREP: ask(m, action); break;
    case ACTION_PAUSE: set_paused(m); break;
    case ACTION_STAMPS: next_stamps(m); break;
    case ACTION_EDIT: screen_prompt(&m->screen); break;
    case ACTION_ANSWER: take_answer(m); break;
    case ACTION_CANCEL: screen_prompt_end(&m->screen); break;
    case ACTION_UNKNOWN:
        screen_notice(&m->screen, NULL, "no such key: Ctrl-T Ctrl-H shows which there are");
        break;
    default: break;
    }
}
