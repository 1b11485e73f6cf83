/* SPDX-License-Identifier: Apache-2.0 */
#include "link/reset.h"

#include "birthmark/err.h"

/* The usual circuit: RTS holds EN low, DTR holds GPIO0 low, both together hold nothing. So where
 * only one line changes at a time, the order is what keeps a board from starting in between.
 * (espressif/esptool, docs/en/advanced-topics/boot-mode-selection.rst) */
const char bm_reset_classic[] = "D0|R1|W0.1|D1|R0|W0.05|D0";
const char bm_reset_classic_slow[] = "D0|R1|W0.1|D1|R0|W0.55|D0";
const char bm_reset_tight[] = "U0,0|U1,1|U0,1|W0.1|U1,0|W0.05|U0,0|D0";
const char bm_reset_tight_slow[] = "U0,0|U1,1|U0,1|W0.1|U1,0|W0.55|U0,0|D0";
/* The chip's own port resets it when RTS falls, and must see (1,1) on the way, not (0,0). */
const char bm_reset_usb[] = "R0|D0|W0.1|D1|R0|W0.1|R1|D0|R1|W0.1|D0|R0";
const char bm_reset_run[] = "D0|R1|W0.1|R0";

struct step {
    char what;
    int dtr, rts;
    unsigned ms;
};

static int take_bit(const char **p, int *bit)
{
    if (**p != '0' && **p != '1') {
        return 0;
    }
    *bit = **p == '1';
    (*p)++;
    return 1;
}

/* Seconds with up to three digits behind the point, to milliseconds. */
static int take_wait(const char **p, unsigned *ms)
{
    unsigned unit = 1000;
    int digits = 0;
    *ms = 0;
    for (; **p >= '0' && **p <= '9'; (*p)++, digits++) {
        *ms = *ms * 10 + (unsigned)(**p - '0') * 1000;
        if (*ms > BM_RESET_WAIT_MAX_MS) {
            return 0;
        }
    }
    if (**p == '.') {
        for ((*p)++; **p >= '0' && **p <= '9'; (*p)++, digits++) {
            unit /= 10;
            *ms += (unsigned)(**p - '0') * unit;
        }
    }
    return digits > 0 && *ms <= BM_RESET_WAIT_MAX_MS;
}

/* Takes a step and the '|' behind it. Returns 0 where that cannot be. */
static int take_step(const char **p, struct step *s)
{
    int ok = 0;
    s->what = *(*p)++;
    switch (s->what) {
    case 'D': ok = take_bit(p, &s->dtr); break;
    case 'R': ok = take_bit(p, &s->rts); break;
    case 'W': ok = take_wait(p, &s->ms); break;
    case 'U':
        ok = take_bit(p, &s->dtr) && **p == ',';
        *p += ok;
        ok = ok && take_bit(p, &s->rts);
        break;
    default: (*p)--; break;
    }
    if (ok && **p == '|') {
        (*p)++;
        ok = **p != '\0';
    } else if (ok) {
        ok = **p == '\0';
    }
    return ok;
}

int bm_reset_check(const char *sequence, size_t *where)
{
    struct step s = {0};
    const char *p = sequence;
    int ok = *p != '\0';
    while (ok && *p != '\0') {
        ok = take_step(&p, &s);
    }
    if (where != NULL) {
        *where = (size_t)(p - sequence);
    }
    return ok ? BM_OK : BM_E_ARG;
}

int bm_reset_run_sequence(const char *sequence, const struct bm_serial *serial)
{
    struct step s = {0};
    int rc = bm_reset_check(sequence, NULL);
    if (rc == BM_OK && serial->ops->set_lines == NULL) {
        rc = BM_E_READONLY;
    }
    for (const char *p = sequence; rc == BM_OK && *p != '\0';) {
        (void)take_step(&p, &s);
        if (s.what == 'W') {
            serial->ops->sleep_ms(serial->ctx, s.ms);
        } else {
            rc = serial->ops->set_lines(serial->ctx, s.dtr, s.rts);
        }
    }
    return rc;
}
