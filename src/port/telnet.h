/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BM_PORT_TELNET_H
#define BM_PORT_TELNET_H

/* Telnet (RFC 854, 855) as far as RFC 2217 needs it: taking a stream apart, making one, agreeing on
 * options. No input or output of its own. */

#include <stddef.h>
#include <stdint.h>

enum bm_telnet_code {
    BM_TELNET_SE = 240,
    BM_TELNET_SB = 250,
    BM_TELNET_WILL = 251,
    BM_TELNET_WONT = 252,
    BM_TELNET_DO = 253,
    BM_TELNET_DONT = 254,
    BM_TELNET_IAC = 255
};

enum bm_telnet_option {
    BM_TELNET_BINARY = 0,
    BM_TELNET_ECHO = 1,
    BM_TELNET_SGA = 3,      /* suppress go-ahead */
    BM_TELNET_COM_PORT = 44 /* RFC 2217 */
};

enum { BM_TELNET_SUB_MAX = 64 };

/* A reader of one direction; starts zeroed. */
struct bm_telnet {
    uint8_t state;
    uint8_t verb;
    uint8_t long_sub; /* the subnegotiation had more than fits, and is passed over */
    uint8_t sub_len;
    uint8_t sub[BM_TELNET_SUB_MAX]; /* its option first */
};

enum bm_telnet_event {
    BM_TELNET_NOTHING = 0,   /* in the middle of something, or a command without meaning here */
    BM_TELNET_DATA,          /* this byte is data */
    BM_TELNET_REQUEST,       /* t->verb (WILL, WONT, DO, DONT) for the option that this byte is */
    BM_TELNET_SUBNEGOTIATION /* t->sub, t->sub_len (1 and more) */
};

/* Takes the next byte. */
enum bm_telnet_event bm_telnet_take(struct bm_telnet *t, uint8_t byte);

/* Data as it goes into a stream: 255 doubled. out must hold 2 * len bytes. Returns their number. */
size_t bm_telnet_escape(uint8_t *out, const void *data, size_t len);

/* A subnegotiation of COM-PORT-OPTION; out must hold 6 + 2 * len bytes. Returns their number. */
size_t bm_telnet_com_port(uint8_t *out, uint8_t command, const void *value, size_t len);

/* What both sides agreed on, one row per option. */
enum bm_telnet_agreed {
    BM_TELNET_OFF = 0,
    BM_TELNET_ASKED,
    BM_TELNET_ON,
    BM_TELNET_REFUSED /* after having been asked */
};

enum { BM_TELNET_OPTIONS = 4 };

struct bm_telnet_row {
    uint8_t option;
    uint8_t we, they; /* 1: this side, the other side may do it */
};

struct bm_telnet_terms {
    const struct bm_telnet_row *rows;                       /* BM_TELNET_OPTIONS of them */
    uint8_t we[BM_TELNET_OPTIONS], they[BM_TELNET_OPTIONS]; /* enum bm_telnet_agreed */
};

/* Asks for what the rows allow. out must hold 6 * BM_TELNET_OPTIONS bytes. */
size_t bm_telnet_ask(struct bm_telnet_terms *terms, uint8_t *out);

/* Answers a request where it changes something; out must hold 3 bytes. Returns their number. */
size_t bm_telnet_answer(struct bm_telnet_terms *terms, uint8_t verb, uint8_t option, uint8_t *out);

/* Commands of RFC 2217; the server's have 100 added. */
enum bm_com_command {
    BM_COM_SIGNATURE = 0,
    BM_COM_BAUD = 1,
    BM_COM_DATASIZE = 2,
    BM_COM_PARITY = 3,
    BM_COM_STOPSIZE = 4,
    BM_COM_CONTROL = 5,
    BM_COM_LINESTATE = 6,
    BM_COM_MODEMSTATE = 7,
    BM_COM_SUSPEND = 8,
    BM_COM_RESUME = 9,
    BM_COM_LINESTATE_MASK = 10,
    BM_COM_MODEMSTATE_MASK = 11,
    BM_COM_PURGE = 12,
    BM_COM_SERVER = 100
};

/* Values of BM_COM_CONTROL. */
enum bm_com_control {
    BM_COM_FLOW_QUERY = 0,
    BM_COM_FLOW_NONE = 1,
    BM_COM_BREAK_QUERY = 4,
    BM_COM_BREAK_OFF = 6,
    BM_COM_DTR_QUERY = 7,
    BM_COM_DTR_ON = 8,
    BM_COM_DTR_OFF = 9,
    BM_COM_RTS_QUERY = 10,
    BM_COM_RTS_ON = 11,
    BM_COM_RTS_OFF = 12,
    BM_COM_FLOW_IN_QUERY = 13,
    BM_COM_FLOW_IN_NONE = 14
};

#endif
