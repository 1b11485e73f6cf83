/* SPDX-License-Identifier: Apache-2.0 */

/* The dump in its formats: what is shown, what is kept back, and that nothing in an image reaches
 * a terminal as it is. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/le.h"
#include "harness/capture.h"
#include "harness/image.h"
#include "image/dump.h"
#include "image/secret.h"
#include "image/show.h"

static const uint8_t none = BMI_CHUNK_NONE;

static struct test_image img;
static struct bm_dump_result result;
static unsigned warnings;

static void put_ns(unsigned entry, uint8_t ns, uint8_t type, const char *key, const void *data,
                   uint32_t size)
{
    const struct test_entry e = {0, entry, ns, type, none, key, data, size};
    test_entry(&img, &e);
}

static void put(unsigned entry, uint8_t type, const char *key, const void *data, uint32_t size)
{
    put_ns(entry, 1, type, key, data, size);
}

static int setup(void **unused)
{
    (void)unused;
    test_image_blank(&img, 3);
    test_page(&img, 0, BMI_PAGE_ACTIVE, 0);
    put_ns(0, 0, BM_NVS_U8, "ns", "\1", 1);
    warnings = 0;
    return 0;
}

static int teardown(void **unused)
{
    (void)unused;
    test_image_free(&img);
    return 0;
}

static void warn(void *ctx, const char *text)
{
    (void)ctx;
    assert_non_null(strstr(text, "left out"));
    warnings++;
}

static char *dump_with(struct bm_dump_opts o)
{
    struct bm_scan s;
    FILE *f = capture_open();
    o.name = "x.bin";
    o.warn = warn;
    assert_int_equal(bm_scan(&s, img.data, img.len), BM_OK);
    assert_int_equal(bm_dump(&s, &o, f, &result), BM_OK);
    bm_scan_free(&s);
    return capture_close(f, NULL);
}

static char *dump(enum bm_dump_format format, enum bm_dump_show show, int reveal)
{
    const struct bm_dump_opts o = {.format = format, .show = show, .reveal = reveal};
    return dump_with(o);
}

static void expect(char *text, const char *const *wanted)
{
    for (; *wanted != NULL; wanted++) {
        if (strstr(text, *wanted) == NULL) {
            print_error("lacks %s in:\n%s", *wanted, text);
        }
        assert_non_null(strstr(text, *wanted));
    }
    free(text);
}

static void csv_of_every_type(void **unused)
{
    (void)unused;
    uint8_t bytes[66];
    memset(bytes, 0xab, sizeof bytes);
    put(1, BM_NVS_U8, "u8", "\xff", 1);
    put(2, BM_NVS_I8, "i8", "\xff", 1);
    put(3, BM_NVS_U16, "u16", "\xff\xff", 2);
    put(4, BM_NVS_I16, "i16", "\xff\xff", 2);
    put(5, BM_NVS_U32, "u32", "\xff\xff\xff\xff", 4);
    put(6, BM_NVS_I32, "i32", "\xff\xff\xff\xff", 4);
    put(7, BM_NVS_U64, "u64", "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
    put(8, BM_NVS_I64, "i64", "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
    put(9, BM_NVS_FLOAT, "f", "\0\0\xc0\x3f", 4);
    put(10, BM_NVS_DOUBLE, "d", "\x9a\x99\x99\x99\x99\x99\xb9\x3f", 8);
    put(11, BM_NVS_STR, "#s", " # \"q\", \r\nx ", 13);
    put(13, BM_NVS_STR, "e", "", 1);
    put(15, BMI_TYPE_BLOB_V1, "b64", bytes, 64);
    put(18, BMI_TYPE_BLOB_V1, "b65", bytes, 65);
    put(22, BMI_TYPE_BLOB_V1, "b66", bytes, 66);
    put(26, BMI_TYPE_BLOB_V1, "b0", "", 0);
    put_ns(27, 0, BM_NVS_U8, "second", "\2", 1);
    put_ns(28, 2, BM_NVS_U8, "x", "\1", 1);
    put(29, BM_NVS_U8, "back", "\1", 1);
    char *text = dump(BM_DUMP_CSV, BM_SHOW_WRITTEN, 0);
    char expected[1200];
    char hex[129];
    for (unsigned i = 0; i < 64; i++) {
        memcpy(hex + 2 * (size_t)i, "ab", 3);
    }
    (void)snprintf(expected, sizeof expected,
                   "key,type,encoding,value\nns,namespace,,\nu8,data,u8,255\ni8,data,i8,-1\n"
                   "u16,data,u16,65535\ni16,data,i16,-1\nu32,data,u32,4294967295\n"
                   "i32,data,i32,-1\nu64,data,u64,18446744073709551615\ni64,data,i64,-1\n"
                   "f,data,float,1.5\nd,data,double,0.10000000000000001\n"
                   "\"#s\",data,string,\" # \"\"q\"\", \r\nx \"\ne,data,string,\"\"\n"
                   "b64,data,hex2bin,%s\n"
                   "b65,data,base64,q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6"
                   "urq6urq6urq6urq6urq6urq6s=\n"
                   "b66,data,base64,q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6"
                   "urq6urq6urq6urq6urq6urq6ur\n"
                   "b0,data,hex2bin,\nsecond,namespace,,\nx,data,u8,1\nns,namespace,,\n"
                   "back,data,u8,1\n",
                   hex);
    assert_string_equal(text, expected);
    free(text);
    assert_int_equal(result.left_out, 0);
    assert_int_equal(result.redacted, 0);
}

static void csv_leaves_out_what_it_cannot_carry(void **unused)
{
    (void)unused;
    put(1, BM_NVS_STR, "latin", "\xe9", 2);
    put(3, BM_NVS_STR, "open", "abc", 3);
    put(5, BM_NVS_STR, "inner", "a\0b", 4);
    put(7, BM_NVS_FLOAT, "nan", "\0\0\xc0\x7f", 4);
    put(8, BM_NVS_DOUBLE, "inf", "\0\0\0\0\0\0\xf0\x7f", 8);
    put_ns(9, 7, BM_NVS_U8, "dead", "\1", 1);
    put(10, BM_NVS_U8, "bad\xff", "\1", 1);
    put(11, BM_NVS_U8, "", "\1", 1);
    put(12, BM_NVS_U8, "good", "\1", 1);
    put_ns(13, 0, BM_NVS_STR, "lost", "x", 2);
    put(15, BM_NVS_U8, "a\nb", "\1", 1);
    char *text = dump(BM_DUMP_CSV, BM_SHOW_WRITTEN, 1);
    assert_int_equal(result.left_out, 9);
    assert_int_equal(warnings, 9);
    assert_int_equal(result.shown, 2);
    static const char *const wanted[] = {
        "# ns/latin left out: the string is not UTF-8\n",
        "# ns/open left out: the string has no NUL\n",
        "# ns/inner left out: the string has a NUL inside\n",
        "# ns/nan left out: not a finite number\n",
        "# ns/inf left out: not a finite number\n",
        "# /dead left out: its namespace has no name\n",
        "# ns/bad\\xff left out: the name is not UTF-8\n",
        "# ns/ left out: the name is empty\n",
        "good,data,u8,1\n",
        "\"a\nb\",data,u8,1\n",
        NULL,
    };
    expect(text, wanted);
}

static const char key_text[] = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n";

static void secrets_are_kept_back(void **unused)
{
    (void)unused;
    static const char wifi[] = "correct horse battery staple, and more of it";
    put(1, BM_NVS_STR, "device_pem", key_text, sizeof key_text);
    put(4, BM_NVS_STR, "wifi_pass", wifi, sizeof wifi);
    put(7, BM_NVS_STR, "pin.secret", "1234", 5);
    put(9, BM_NVS_STR, "open", "shown as it is", 15);
    put(11, BMI_TYPE_BLOB_V1, "der", "\x30\x77\x02\x01\x01\x04\x20\x41\x42\x43\x44", 11);
    for (int format = BM_DUMP_TEXT; format <= BM_DUMP_CSV; format++) {
        for (int show = BM_SHOW_WRITTEN; show <= BM_SHOW_STORAGE; show++) {
            char *text = dump((enum bm_dump_format)format, (enum bm_dump_show)show, 0);
            assert_null(strstr(text, "MIGHAgEA"));
            assert_null(strstr(text, "correct horse"));
            assert_null(strstr(text, "1234"));
            assert_null(strstr(text, "41424344"));
            free(text);
        }
    }
    char *text = dump(BM_DUMP_TEXT, BM_SHOW_MINIMAL, 0);
    assert_int_equal(result.redacted, 4);
    static const char *const wanted[] = {
        /* wc -c and sha256sum of the text without its NUL */
        "<redacted: string, 49 bytes, sha256 bb73faf9bd024bd1...>",
        "<redacted: string, 44 bytes, sha256 8fcf4ea5cab52b8e...>",
        "<redacted: string, 4 bytes>", /* its fingerprint would give it away */
        "<redacted: blob, 11 bytes>",
        "shown as it is",
        NULL,
    };
    expect(text, wanted);
    text = dump(BM_DUMP_TEXT, BM_SHOW_MINIMAL, 1);
    assert_int_equal(result.redacted, 0);
    static const char *const all[] = {"MIGHAgEA", "correct horse", "1234", "41424344", NULL};
    expect(text, all);
}

/* What is left of secrets: erased, torn, old, and behind a damaged header. */
static void remains_of_secrets_are_kept_back(void **unused)
{
    (void)unused;
    uint8_t *bitmap = img.data + BMI_OFF_BITMAP;
    put(1, BM_NVS_STR, "pem", key_text, sizeof key_text);
    bmi_bitmap_put(bitmap, 1, BMI_ENTRY_ERASED);
    bmi_bitmap_put(bitmap, 2, BMI_ENTRY_ERASED);
    bmi_bitmap_put(bitmap, 3, BMI_ENTRY_ERASED);
    put(4, BM_NVS_STR, "pem", key_text, sizeof key_text);
    test_entry_at(&img, 0, 4)[BMI_EN_CRC] ^= 1;
    put(7, BM_NVS_STR, "pem", key_text, sizeof key_text);
    bmi_bitmap_put(bitmap, 9, BMI_ENTRY_ERASED);
    put(10, BM_NVS_STR, "pem", key_text, sizeof key_text);
    put(13, BM_NVS_STR, "pem", key_text, sizeof key_text);
    test_entry_at(&img, 0, 14)[0] = '_';
    memcpy(test_entry_at(&img, 0, 50), key_text, sizeof key_text);
    for (int format = BM_DUMP_TEXT; format <= BM_DUMP_JSON; format++) {
        char *text = dump((enum bm_dump_format)format, BM_SHOW_ALL, 0);
        assert_null(strstr(text, "MIGHAgEA"));
        assert_null(strstr(text, "4d4947484167")); /* the same in hex */
        assert_null(strstr(text, "BEGIN"));
        assert_null(strstr(text, "2d2d2d2d2d"));
        free(text);
    }
    char *text = dump(BM_DUMP_TEXT, BM_SHOW_ALL, 1);
    assert_non_null(strstr(text, "MIGHAgEA"));
    assert_non_null(strstr(text, "0a4d494748")); /* damaged: as hex */
    free(text);
}

static void nothing_reaches_the_terminal_raw(void **unused)
{
    (void)unused;
    put(1, BM_NVS_STR, "a\x1b]0;t\x07", "\x1b[31mred\r\n\x9b\xc2\x9b\xe2\x80\xae\\", 18);
    put(3, BM_NVS_STR, "\xff\xfe", "\xff\xfe", 3);
    put_ns(5, 0, BM_NVS_U8, "n\x1b[m", "\2", 1);
    put_ns(6, 2, BM_NVS_U8, "x", "\2", 1);
    for (int format = BM_DUMP_TEXT; format <= BM_DUMP_JSON; format++) {
        for (int show = BM_SHOW_WRITTEN; show <= BM_SHOW_STORAGE; show++) {
            char *text = dump((enum bm_dump_format)format, (enum bm_dump_show)show, 1);
            for (const char *p = text; *p != '\0'; p++) {
                assert_true(((unsigned char)*p >= 0x20 && (unsigned char)*p < 0x7f) || *p == '\n');
            }
            free(text);
        }
    }
    char *text = dump(BM_DUMP_TEXT, BM_SHOW_MINIMAL, 1);
    static const char *const wanted[] = {
        "a\\x1b]0;t\\x07", "\\x1b[31mred\\r\\n\\x9b\\u009b\\u202e\\\\", "n\\x1b[m", NULL};
    expect(text, wanted);
}

static void json_of_values(void **unused)
{
    (void)unused;
    put(1, BM_NVS_U64, "big", "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
    put(2, BM_NVS_I16, "neg", "\xfe\xff", 2);
    put(3, BM_NVS_STR, "s", "a\"b", 4);
    put(5, BM_NVS_STR, "inner", "a\0b", 4);
    put(7, BM_NVS_FLOAT, "inf", "\0\0\x80\x7f", 4);
    put(8, BMI_TYPE_BLOB_V1, "bytes", "\1\2", 2);
    char *text = dump(BM_DUMP_JSON, BM_SHOW_MINIMAL, 0);
    static const char *const wanted[] = {
        "{\"image\": {\"name\": \"x.bin\", \"size\": 12288, \"pages\": 3,",
        "\"key\":\"big\",\"type\":\"u64\",\"size\":8,\"value\":\"18446744073709551615\"}",
        "\"key\":\"neg\",\"type\":\"i16\",\"size\":2,\"value\":-2}",
        "\"key\":\"s\",\"type\":\"string\",\"size\":4,\"length\":3,\"value\":\"a\\\"b\"}",
        "\"size\":4,\"length\":3,\"value\":\"a\\u0000b\",\"nul\":\"inside\"}",
        "\"key\":\"inf\",\"type\":\"float\",\"size\":4,\"hex\":\"0000807f\"}",
        "\"key\":\"bytes\",\"type\":\"blob\",\"size\":2,\"hex\":\"0102\"}",
        NULL,
    };
    expect(text, wanted);
}

static void filters(void **unused)
{
    (void)unused;
    put(1, BM_NVS_U8, "k1", "\1", 1);
    put(2, BM_NVS_U8, "k2", "\1", 1);
    put_ns(3, 0, BM_NVS_U8, "two", "\2", 1);
    put_ns(4, 2, BM_NVS_U8, "k1", "\3", 1);
    const struct {
        const char *ns;
        const char *key;
        size_t minimal, written;
    } rows[] = {
        {NULL, NULL, 3, 5}, {"ns", NULL, 2, 3}, {"two", NULL, 1, 2},  {NULL, "k1", 2, 2},
        {"ns", "k1", 1, 1}, {"ns", "x", 0, 0},  {"none", NULL, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bm_dump_opts o = {.show = BM_SHOW_MINIMAL, .ns = rows[i].ns, .key = rows[i].key};
        free(dump_with(o));
        assert_int_equal(result.shown, rows[i].minimal);
        o.show = BM_SHOW_WRITTEN;
        free(dump_with(o));
        assert_int_equal(result.shown, rows[i].written);
        o.format = BM_DUMP_JSON;
        free(dump_with(o));
        assert_int_equal(result.shown, rows[i].written);
    }
}

static void names_of_secrets(void **unused)
{
    (void)unused;
    static const char *const secret[] = {
        "pass",       "wifi_pass",  "sta.pswd", "ap.passwd", "PWD",      "psk",     "sta.pmk",
        "my_SECRET",  "token",      "apiToken", "priv",      "priv_key", "privkey", "sta.apsw",
        "sta.apinfo", "credential", "key",      "aes_key",   "KEY2",     "hostkey", "ap.pmk_info",
        "wifi_pw",    "wifipw",     "pw",       "pw2",       "apPw",     "PW",      "mqtt_cred",
        "mqttcreds",  "cred.mqtt",  "auth",     "httpAuth",  "oauth2",   "auth_b",  "bearer",
        "jwt",        "my_jwt2",    "pin",      "sim_pin",   "pin_code", "PIN",     "simPin",
        "pin2",       "pincode",    "seed",     "rng_seed",  "SEED_A",   "rngseed", "publish_key",
        "pubsub_key", "republ_key", "wifi-pw",  "a.pin.b",   "key_pub",
    };
    static const char *const open[] = {
        "",         "certificate", "ca",        "pub_key", "public_key", "PUBKEY", "ssid",
        "sta.ssid", "host",        "ke",        "pas",     "opmode",     "serial", "ps",
        "spindle",  "author",      "pinned",    "spin",    "mapping",    "seeds",  "authority",
        "pwm",      "republic",    "discredit", "credits",
    };
    for (size_t i = 0; i < sizeof secret / sizeof secret[0]; i++) {
        if (!bmi_secret_name(secret[i])) {
            print_error("%s\n", secret[i]);
        }
        assert_true(bmi_secret_name(secret[i]));
    }
    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++) {
        if (bmi_secret_name(open[i])) {
            print_error("%s\n", open[i]);
        }
        assert_false(bmi_secret_name(open[i]));
    }
}

static void urls_with_a_password(void **unused)
{
    (void)unused;
    static const char *const secret[] = {
        "mqtts://user:hunter2@host",
        "redis://:x@host/0",
        "{\"uri\":\"https://a:b@c.d/\"}",
        "see http://open.example and amqp://u:p/q?r@h",
        "://a:b@",
    };
    static const char *const open[] = {
        "mqtts://host:8883",
        "mqtts://user@host",
        "https://user:@host",
        "a:b@c",
        "mailto:someone@example",
        "http://a:1 b@c",
        "://",
        "://:@",
        "http:/x:y@z",
        "\"http://a:1\",\"b@c\"",
        "",
    };
    for (size_t i = 0; i < sizeof secret / sizeof secret[0]; i++) {
        assert_true(bmi_secret_value(secret[i], strlen(secret[i])));
    }
    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++) {
        assert_false(bmi_secret_value(open[i], strlen(open[i])));
    }
    assert_false(bmi_secret_value("x://a:b@", 7)); /* the @ is behind the end */
    enum { MUCH = 3000000 };                       /* takes hours if done again for each of them */
    char *many = malloc(MUCH);
    assert_non_null(many);
    for (size_t i = 0; i < MUCH; i++) {
        many[i] = "://"[i % 3];
    }
    assert_false(bmi_secret_value(many, MUCH));
    free(many);
    put(1, BM_NVS_STR, "broker", "mqtts://user:hunter2@host", 26);
    put(3, BMI_TYPE_BLOB_V1, "config", "\1mqtts://user:hunter2@host", 26);
    put(5, BM_NVS_STR, "plain", "mqtts://host:8883", 18);
    for (int format = BM_DUMP_TEXT; format <= BM_DUMP_CSV; format++) {
        char *text = dump((enum bm_dump_format)format, BM_SHOW_WRITTEN, 0);
        assert_int_equal(result.redacted, 2);
        assert_null(strstr(text, "hunter2"));
        assert_null(strstr(text, "68756e74657232"));
        assert_non_null(strstr(text, "mqtts://host:8883"));
        free(text);
    }
}

/* Cut over two values, as keys are that do not fit one string: neither half is shown. */
static void halves_of_a_private_key(void **unused)
{
    (void)unused;
    static const char second[] = "AwEHBG0wawIBAQQg\n-----END EC PRIVATE KEY-----\n";
    put(1, BM_NVS_STR, "pem_1", key_text, sizeof key_text);
    put(4, BM_NVS_STR, "pem_2", second, sizeof second);
    char *text = dump(BM_DUMP_JSON, BM_SHOW_MINIMAL, 0);
    assert_int_equal(result.redacted, 2);
    assert_null(strstr(text, "AwEHBG0w"));
    free(text);
}

static void image_names_in_json(void **unused)
{
    (void)unused;
    struct bm_dump_opts o = {.format = BM_DUMP_JSON, .name = "a\xff\x1b.bin"};
    struct bm_scan s;
    assert_int_equal(bm_scan(&s, img.data, img.len), BM_OK);
    FILE *f = capture_open();
    assert_int_equal(bm_dump(&s, &o, f, &result), BM_OK);
    char *text = capture_close(f, NULL);
    assert_non_null(strstr(text, "\"name\": \"a\\\\xff\\\\x1b.bin\""));
    free(text);
    bm_scan_free(&s);
}

static void long_text_is_cut(void **unused)
{
    (void)unused;
    FILE *f = capture_open();
    assert_int_equal(bmi_show_text(f, "abcdef", 6, 6), 6);
    assert_int_equal(bmi_show_text(f, "abcdefg", 7, 6), 9);
    assert_int_equal(bmi_show_text(f, "abcde\x1b", 6, 6), 8); /* no half of an escape */
    assert_int_equal(bmi_show_text(f, "\xc3\xa4\xc3\xa4", 4, 1), 4);
    char *text = capture_close(f, NULL);
    assert_string_equal(text, "abcdefabcdef...abcde...\xc3\xa4...");
    free(text);
    char small[6];
    assert_string_equal(bmi_show_into(small, sizeof small, "ab\x1b\x1b"), "ab");
    assert_int_equal(bmi_show_width("a\x1b\xc3\xa4\xff", 5), 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(csv_of_every_type, setup, teardown),
        cmocka_unit_test_setup_teardown(csv_leaves_out_what_it_cannot_carry, setup, teardown),
        cmocka_unit_test_setup_teardown(secrets_are_kept_back, setup, teardown),
        cmocka_unit_test_setup_teardown(remains_of_secrets_are_kept_back, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_reaches_the_terminal_raw, setup, teardown),
        cmocka_unit_test_setup_teardown(json_of_values, setup, teardown),
        cmocka_unit_test_setup_teardown(filters, setup, teardown),
        cmocka_unit_test(names_of_secrets),
        cmocka_unit_test_setup_teardown(urls_with_a_password, setup, teardown),
        cmocka_unit_test_setup_teardown(halves_of_a_private_key, setup, teardown),
        cmocka_unit_test_setup_teardown(image_names_in_json, setup, teardown),
        cmocka_unit_test(long_text_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
