/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_PORT_ENDPOINT_KINDS_H
#define BM_PORT_ENDPOINT_KINDS_H

/* What the kinds of endpoints share. Inside src/port only. */

#include "port/endpoint.h"
#include "port/telnet.h"

enum { BMI_OUT = 8192, BMI_CHUNK = 2048 };

/* The server of RFC 2217: what one client asked for. */
struct bmi_com {
    struct bm_telnet in;
    struct bm_telnet_terms terms;
    uint32_t baud;
    uint8_t data_size, parity, stop_size;
    int told_state;         /* the first modem state was sent */
    int dtr, rts;           /* as the client has set them */
    int told_dtr, told_rts; /* as the board was told */
};

struct bm_endpoint {
    struct bm_endpoint_config config;
    const struct bmi_endpoint_kind *kind;
    char name[320];
    int door;           /* where callers announce themselves: a listener, an inotify; -1: nowhere */
    int line;           /* the client's descriptor, the pty's master; -1: nobody there */
    int client;         /* 1: somebody is there */
    uint64_t due;       /* when kind->timer wants to be called; UINT64_MAX: not */
    uint32_t baud;      /* that the board was told; 0: none */
    int slave;          /* pty */
    int opens;          /* pty: clients that have it open */
    struct bmi_com com; /* RFC 2217 */
    size_t out_from, out_len;
    uint8_t out[BMI_OUT]; /* waits to be written */
};

struct bmi_endpoint_kind {
    int (*open)(struct bm_endpoint *e, struct bm_diag *diag);
    void (*close)(struct bm_endpoint *e);
    void (*door)(struct bm_endpoint *e, uint64_t now);
    /* Before the client's bytes are handed on; may be NULL. */
    void (*look)(struct bm_endpoint *e, uint64_t now);
    void (*received)(struct bm_endpoint *e, const uint8_t *data, size_t len, uint64_t now);
    /* Writes what goes out for len bytes of the board's; room for twice as many. */
    size_t (*encode)(uint8_t *out, const void *data, size_t len);
    void (*timer)(struct bm_endpoint *e, uint64_t now); /* or NULL */
    void (*left)(struct bm_endpoint *e, uint64_t now);  /* the client has gone */
};

extern const struct bmi_endpoint_kind bmi_endpoint_pty;
extern const struct bmi_endpoint_kind bmi_endpoint_tcp;
extern const struct bmi_endpoint_kind bmi_endpoint_rfc2217;

/* Calls to the board, where it wants them. */
void bmi_endpoint_arrived(struct bm_endpoint *e, uint64_t now);
void bmi_endpoint_left(struct bm_endpoint *e, uint64_t now);
void bmi_endpoint_bytes(struct bm_endpoint *e, const void *data, size_t len, uint64_t now);
void bmi_endpoint_baud(struct bm_endpoint *e, uint32_t baud, uint64_t now);

/* Puts bytes behind what waits to be written; dropped where there is no room. */
void bmi_endpoint_queue(struct bm_endpoint *e, const void *data, size_t len);

/* Shared by both kinds over TCP. */
int bmi_tcp_open(struct bm_endpoint *e, const char *scheme, struct bm_diag *diag);
void bmi_tcp_close(struct bm_endpoint *e);
int bmi_tcp_caller(struct bm_endpoint *e); /* 1: there is a new client */
void bmi_tcp_left(struct bm_endpoint *e, uint64_t now);

#endif
