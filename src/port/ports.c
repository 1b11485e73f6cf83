/* SPDX-License-Identifier: Apache-2.0 */
#include "port/ports.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libserialport.h>

#include "base/base.h"

/* The bridges that ESP boards carry, and what Espressif's own ids say. */
static const struct {
    unsigned vid, pid; /* pid 0: any */
    const char *bridge;
    const char *chip;
} known[] = {
    {0x303a, 0x1001, "USB-Serial/JTAG of the chip itself", "ESP32-C3, C5, C6, C61, H2, P4 or S3"},
    {0x303a, 0x0002, "USB of the chip itself, in its ROM", "ESP32-S2"},
    {0x303a, 0x0009, "USB of the chip itself, in its ROM", "ESP32-S3"},
    {0x303a, 0x1002, "Espressif's USB bridge", NULL},
    {0x303a, 0, "an Espressif USB device", NULL},
    {0x10c4, 0, "CP210x bridge", NULL},
    {0x1a86, 0x7522, "CH340 bridge", NULL},
    {0x1a86, 0x7523, "CH340 bridge", NULL},
    {0x1a86, 0x55d2, "CH9102 bridge", NULL},
    {0x1a86, 0x55d3, "CH343 bridge", NULL},
    {0x1a86, 0x55d4, "CH9102 bridge", NULL},
    {0x1a86, 0x55d5, "CH344 bridge", NULL},
    {0x1a86, 0, "WCH bridge", NULL},
    {0x0403, 0, "FTDI bridge", NULL},
    {0x067b, 0, "PL2303 bridge", NULL},
};

static void copy(char *out, size_t cap, const char *s)
{
    struct bm_text t;
    bm_text_init(&t, out, cap);
    bm_text_str(&t, s != NULL ? s : "");
}

/* The link in a folder of udev's that leads to this port; out stays "" where there is none. */
static void stable_name(char *out, size_t cap, const char *folder, const char *port)
{
    char path[PATH_MAX];
    char real[PATH_MAX];
    char wanted[PATH_MAX];
    DIR *d = opendir(folder);
    if (d == NULL || realpath(port, wanted) == NULL) {
        if (d != NULL) {
            closedir(d);
        }
        return;
    }
    const struct dirent *e;
    while ((e = readdir(d)) != NULL) {
        const int n = snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (e->d_name[0] != '.' && n > 0 && (size_t)n < cap && realpath(path, real) != NULL &&
            strcmp(real, wanted) == 0 && (out[0] == '\0' || strcmp(path, out) < 0)) {
            memcpy(out, path, (size_t)n + 1);
        }
    }
    closedir(d);
}

static void describe(struct bm_port *p, const struct sp_port *port)
{
    int vid = 0;
    int pid = 0;
    copy(p->name, sizeof p->name, sp_get_port_name(port));
    stable_name(p->by_id, sizeof p->by_id, "/dev/serial/by-id", p->name);
    stable_name(p->by_path, sizeof p->by_path, "/dev/serial/by-path", p->name);
    if (sp_get_port_transport(port) != SP_TRANSPORT_USB ||
        sp_get_port_usb_vid_pid(port, &vid, &pid) != SP_OK) {
        return;
    }
    p->usb = 1;
    p->vid = (unsigned)vid;
    p->pid = (unsigned)pid;
    copy(p->product, sizeof p->product, sp_get_port_usb_product(port));
    copy(p->serial, sizeof p->serial, sp_get_port_usb_serial(port));
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].vid == p->vid && (known[i].pid == p->pid || known[i].pid == 0)) {
            p->bridge = known[i].bridge;
            p->chip = known[i].chip;
            return;
        }
    }
}

/* ttyUSB10 stands behind ttyUSB9. */
static int by_name(const void *x, const void *y)
{
    const struct bm_port *a = x;
    const struct bm_port *b = y;
    const size_t a_len = strlen(a->name);
    const size_t b_len = strlen(b->name);
    const size_t a_stem = strcspn(a->name, "0123456789");
    const size_t b_stem = strcspn(b->name, "0123456789");
    if (a->usb != b->usb) {
        return b->usb - a->usb;
    }
    if (a_stem == b_stem && memcmp(a->name, b->name, a_stem) == 0 && a_len != b_len) {
        return a_len < b_len ? -1 : 1;
    }
    return strcmp(a->name, b->name);
}

int bm_port_list(struct bm_port **out, size_t *count, struct bm_diag *diag)
{
    struct sp_port **list = NULL;
    size_t n = 0;
    *out = NULL;
    *count = 0;
    if (sp_list_ports(&list) != SP_OK || list == NULL) {
        return BM_OK; /* no /sys, as in some containers: the names still open */
    }
    while (list[n] != NULL) {
        n++;
    }
    struct bm_port *ports = calloc(n + 1, sizeof *ports);
    if (ports == NULL) {
        sp_free_port_list(list);
        return bm_diag_set(diag, BM_E_NOMEM, 0, NULL, NULL);
    }
    for (size_t i = 0; i < n; i++) {
        describe(&ports[i], list[i]);
    }
    sp_free_port_list(list);
    qsort(ports, n, sizeof *ports, by_name);
    *out = ports;
    *count = n;
    return BM_OK;
}
