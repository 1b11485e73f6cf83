/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/sim_watchdog.h"

#include <string.h>

enum { DIGITS_MAX = 9 };

static void begin(struct cli_watchdog *w, uint64_t now_us)
{
    w->until = now_us + (uint64_t)w->timeout_ms * 1000;
}

/* "5000" or "5000 warn". */
static void take_line(struct cli_watchdog *w, uint64_t now_us)
{
    uint32_t ms = 0;
    size_t i = 0;
    for (; i < w->len && i < DIGITS_MAX && w->line[i] >= '0' && w->line[i] <= '9'; i++) {
        ms = ms * 10 + (uint32_t)(w->line[i] - '0');
    }
    const int warn = w->len - i == 5 && memcmp(w->line + i, " warn", 5) == 0;
    if (i > 0 && (i == w->len || warn)) {
        w->timeout_ms = ms;
        w->warn = warn;
        begin(w, now_us);
    }
}

void cli_watchdog_note(struct cli_watchdog *w, const char *data, size_t len, uint64_t now_us)
{
    for (size_t i = 0; i < len; i++) {
        if (data[i] != '\n') {
            /* one that is too long is not understood at its end */
            w->line[w->len] = data[i];
            w->len += w->len + 1 < sizeof w->line;
            continue;
        }
        take_line(w, now_us);
        w->len = 0;
    }
}

int cli_watchdog_bites(struct cli_watchdog *w, uint64_t now_us)
{
    const int bites = w->timeout_ms != 0 && now_us >= w->until;
    if (bites) {
        begin(w, now_us);
    }
    return bites;
}
