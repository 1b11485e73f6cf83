/* SPDX-License-Identifier: Apache-2.0 */
#include <time.h>

#include "cli/cmd_monitor_state.h"

static void log_failed(struct monitor *m, const struct bm_diag *diag)
{
    const char *path = m->wish->log != NULL ? m->wish->log : m->log_name;
    (void)cli_fail(path, BM_E_IO, diag);
    m->verdict = LOG_LOST; /* whatever was seen: the log is not whole */
}

void monitor_log_write(struct monitor *m, const void *data, size_t len)
{
    struct bm_diag diag = {0};
    const char *p = data;
    char plain[1024 + BM_SGR_MAX];
    while (len > 0 && m->log.fd >= 0) {
        const size_t step = len < 1024 ? len : 1024;
        const size_t n = bm_sgr_strip(&m->strip, plain, p, step);
        if (bm_port_append(&m->log, plain, n, &diag) != BM_OK) {
            (void)bm_port_append_close(&m->log, NULL);
            log_failed(m, &diag);
        }
        p += step;
        len -= step;
    }
}

void monitor_log_close(struct monitor *m)
{
    struct bm_diag diag = {0};
    if (m->log.fd >= 0) {
        int rc = bm_port_append(&m->log, m->strip.held, m->strip.len, &diag);
        const int closed = bm_port_append_close(&m->log, &diag);
        rc = rc == BM_OK ? closed : rc;
        if (rc != BM_OK) {
            log_failed(m, &diag);
        }
    }
    m->strip.len = 0;
}

void monitor_log_toggle(struct monitor *m)
{
    struct bm_diag diag = {0};
    const char *path = m->wish->log;
    if (m->log.fd >= 0) {
        monitor_log_close(m);
        screen_notice(&m->screen, NULL, "log file closed");
        return;
    }
    if (path == NULL) {
        const time_t now = time(NULL);
        const struct tm *tm = localtime(&now);
        if (tm == NULL ||
            strftime(m->log_name, sizeof m->log_name, "monitor.%Y%m%d%H%M%S.log", tm) == 0) {
            return;
        }
        path = m->log_name;
    }
    if (bm_port_append_open(&m->log, path, &diag) != BM_OK) {
        (void)cli_fail(path, BM_E_IO, &diag);
    } else {
        screen_notice(&m->screen, NULL, "logging to %s", path);
    }
}
