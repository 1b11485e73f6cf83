/* SPDX-License-Identifier: Apache-2.0 */

/* What the store reads and writes for the workloads by which ESP-IDF's library was measured, as a
 * table in Markdown. All figures are counts and the same on every machine. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "birthmark/nvs.h"

enum { PEM = 1701, UPDATES = 10000, PEM_UPDATES = 200, LOOKUPS = 10000 };

/* A workload, and ESP-IDF's figures for it: master 1021229, x86-64, default settings. */
struct workload {
    const char *name;
    uint32_t pages;
    uint32_t keys;
    uint32_t init_reads;
    uint32_t init_kb;
    uint32_t heap; /* 32-bit, after init */
    uint32_t set_erases;
    double set_bytes;
};

static const struct workload workloads[] = {
    {"16 KB / 100", 4, 100, 582, 26, 1212, 101, 50.1},
    {"64 KB / 100", 16, 100, 690, 76, 2220, 80, 40.3},
    {"64 KB / 1000", 16, 1000, 5159, 192, 6700, 111, 54.9},
    {"64 KB / 1700", 16, 1700, 8589, 279, 10284, 596, 276.8},
    {"1 MB / 100", 256, 100, 2850, 1070, 22380, 80, 40.3},
    {"1 MB / 1000", 256, 1000, 7319, 1180, 26860, 79, 40.3},
    {"1 MB / 10000", 256, 10000, 51779, 2330, 72684, 80, 40.3},
};

struct bench {
    const struct workload *load;
    uint8_t *mem;
    uint32_t *wear;
    void *work;
    size_t work_len;
    struct bm_flash flash;
    struct bm_flash_ram ram;
    struct bm_nvs nvs;
    uint64_t random;
    uint8_t ns;
};

static void must(int rc, const char *what)
{
    if (rc != BM_OK) {
        fprintf(stderr, "%s: %s\n", what, bm_err_name(rc));
        exit(1);
    }
}

static void *must_have(void *p)
{
    must(p != NULL ? BM_OK : BM_E_NOMEM, "memory");
    return p;
}

static uint32_t draw(struct bench *b, uint32_t below)
{
    b->random = b->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(b->random >> 33) % below;
}

static void mount(struct bench *b, size_t work_len)
{
    b->work_len = work_len;
    free(b->work);
    b->work = must_have(malloc(b->work_len));
    const struct bm_nvs_config config = {
        .flash = &b->flash, .work = b->work, .work_len = b->work_len, .writable = 1};
    must(bm_nvs_mount_with(&b->nvs, &config, NULL), "mount");
}

static void key_of(char key[BM_NVS_KEY_SIZE], uint32_t n)
{
    (void)snprintf(key, BM_NVS_KEY_SIZE, "key%" PRIu32, n);
}

static void set_i32(struct bench *b, uint32_t n, uint32_t value)
{
    char key[BM_NVS_KEY_SIZE];
    key_of(key, n);
    must(bm_nvs_set_bits(&b->nvs, b->ns, key, BM_NVS_I32, value), "set_i32");
}

static void set_pem(struct bench *b, uint32_t n)
{
    static char text[PEM];
    memset(text, 'A' + (int)(n % 26), PEM - 1);
    must(bm_nvs_set_data(&b->nvs, b->ns, "pem", BM_NVS_STR, text, PEM), "set_str");
}

static void prepare(struct bench *b, const struct workload *load)
{
    const uint32_t size = load->pages * BM_NVS_PAGE_SIZE;
    memset(b, 0, sizeof *b);
    b->load = load;
    b->mem = must_have(malloc(size));
    b->wear = must_have(calloc(load->pages, sizeof *b->wear));
    memset(b->mem, 0xff, size);
    must(bm_flash_ram_init(&b->flash, &b->ram, b->mem, size), "flash");
    b->ram.wear = b->wear;
    mount(b, load->heap / 2);
    must(bm_nvs_namespace_create(&b->nvs, "bench", &b->ns), "namespace");
    set_pem(b, 0);
    for (uint32_t i = 0; i < load->keys; i++) {
        set_i32(b, i, i);
    }
}

static void finish(struct bench *b)
{
    bm_nvs_unmount(&b->nvs);
    free(b->work);
    free(b->wear);
    free(b->mem);
}

static double per(uint64_t count, uint32_t of)
{
    return (double)count / of;
}

/* Reads of a lookup on average; kind: 0 a key, 1 an absent one, 2 the PEM. */
static double lookups(struct bench *b, uint32_t count, int kind)
{
    char key[BM_NVS_KEY_SIZE];
    static char text[PEM];
    uint64_t bits;
    (void)bm_nvs_get_bits(&b->nvs, b->ns, "first", BM_NVS_I32, &bits); /* builds the index */
    const uint64_t before = b->ram.reads;
    for (uint32_t i = 0; i < count; i++) {
        size_t len = sizeof text;
        key_of(key, kind == 1 ? 100000 + i : draw(b, b->load->keys));
        const int rc = kind == 2 ? bm_nvs_get_data(&b->nvs, b->ns, "pem", BM_NVS_STR, text, &len)
                                 : bm_nvs_get_bits(&b->nvs, b->ns, key, BM_NVS_I32, &bits);
        must(rc == BM_E_NOENT && kind == 1 ? BM_OK : rc, "lookup");
    }
    return per(b->ram.reads - before, count);
}

static void reading_row(struct bench *b, size_t work_len, uint32_t count, const char *label)
{
    uint64_t bits;
    const uint64_t reads = b->ram.reads;
    const uint64_t bytes = b->ram.read_bytes;
    mount(b, work_len);
    const uint64_t mount_reads = b->ram.reads - reads;
    const uint64_t mount_bytes = b->ram.read_bytes - bytes;
    (void)bm_nvs_get_bits(&b->nvs, b->ns, "first", BM_NVS_I32, &bits);
    const uint64_t first_bytes = b->ram.read_bytes - bytes;
    printf("| %s, %s | %zu | %" PRIu32 " | %" PRIu64 " | %" PRIu32 " | %.1f | %.1f | %" PRIu32
           " | %.3f | %.3f | %.1f |\n",
           b->load->name, label, b->work_len, b->load->heap, mount_reads, b->load->init_reads,
           (double)mount_bytes / 1024, (double)first_bytes / 1024, b->load->init_kb,
           lookups(b, count, 0), lookups(b, count, 1), lookups(b, count, 2));
}

struct wear {
    uint64_t bytes;
    uint64_t erases;
    uint32_t most;
    double mean;
};

static void wear_begin(struct bench *b)
{
    memset(b->wear, 0, b->load->pages * sizeof *b->wear);
    b->ram.prog_bytes = 0;
    b->ram.erases = 0;
}

static struct wear wear_end(const struct bench *b)
{
    struct wear w = {b->ram.prog_bytes, b->ram.erases, 0, 0};
    for (uint32_t i = 0; i < b->load->pages; i++) {
        w.most = b->wear[i] > w.most ? b->wear[i] : w.most;
    }
    w.mean = (double)w.erases / b->load->pages;
    return w;
}

/* Many updates of one kind, from the same start. */
static struct wear updates(const struct workload *load, uint32_t count,
                           void (*update)(struct bench *b, uint32_t i))
{
    struct bench b;
    prepare(&b, load);
    wear_begin(&b);
    for (uint32_t i = 0; i < count; i++) {
        update(&b, i);
    }
    const struct wear w = wear_end(&b);
    finish(&b);
    return w;
}

static void update_random(struct bench *b, uint32_t i)
{
    set_i32(b, draw(b, b->load->keys), 1000000 + i);
}

static void update_hot(struct bench *b, uint32_t i)
{
    set_i32(b, 7, 2000000 + i);
}

static void update_pem(struct bench *b, uint32_t i)
{
    set_pem(b, i + 1);
}

static void writing_row(const struct workload *load)
{
    const struct wear set = updates(load, UPDATES, update_random);
    const struct wear hot = updates(load, UPDATES, update_hot);
    const struct wear pem = updates(load, PEM_UPDATES, update_pem);
    printf("| %s | %.1f | %.1f | %" PRIu64 " | %" PRIu32 " | %.1f | %" PRIu64 " | %.0f | %.2f |\n",
           load->name, per(set.bytes, UPDATES), load->set_bytes, set.erases, load->set_erases,
           per(hot.bytes, UPDATES), hot.erases, per(pem.bytes, PEM_UPDATES),
           per(pem.erases, PEM_UPDATES));
}

/* A long life: hot keys, cold ones, and the wear of every sector. */
static void wear_row(const struct workload *load)
{
    struct bench one;
    struct bench *b = &one;
    const uint32_t count = (load->pages > 16 ? 8u : 60u) * 126u * load->pages;
    uint64_t payload = 0;
    prepare(b, load);
    wear_begin(b);
    for (uint32_t i = 0; i < count; i++) {
        const int is_hot = draw(b, 10) != 0;
        set_i32(b, is_hot ? draw(b, 5) : draw(b, b->load->keys), 3000000 + i);
        payload += 4;
    }
    const struct wear w = wear_end(b);
    printf("| %s | %" PRIu32 " | %" PRIu64 " | %" PRIu32 " | %.1f | %.2f | %.1f |\n", load->name,
           count, w.erases, w.most, w.mean, (double)w.most / w.mean,
           (double)w.bytes / (double)payload);
    finish(b);
}

static void reading_rows(const struct workload *load)
{
    struct bench b;
    prepare(&b, load);
    reading_row(&b, load->heap / 2, LOOKUPS, "half");
    reading_row(&b, bm_nvs_work_size(&b.flash, 0), LOOKUPS / 10, "smallest");
    finish(&b);
}

static void each(void (*row)(const struct workload *load))
{
    for (size_t i = 0; i < sizeof workloads / sizeof workloads[0]; i++) {
        row(&workloads[i]);
    }
}

int main(void)
{
    printf("Partition and number of i32 keys, plus one PEM of %d bytes. ESP-IDF's figures, where "
           "there are any, stand\nbehind ours. \"half\" has half of the memory that ESP-IDF takes, "
           "\"smallest\" as much as a mount needs. ESP-IDF\nreads 2 times for a key that is "
           "there, never for one that is not, 57 times for the PEM.\n\n",
           PEM);
    printf("| reading | memory, bytes | ESP-IDF | mount: reads | ESP-IDF | KB | with the first "
           "lookup | ESP-IDF | reads of a key | of an absent key | of the PEM |\n"
           "|---|---|---|---|---|---|---|---|---|---|---|\n");
    each(reading_rows);
    printf("\n| %d random updates | bytes each | ESP-IDF | erases | ESP-IDF | one hot key: bytes | "
           "erases | PEM: bytes (ESP-IDF 1820) | erases (0.5) |\n|---|---|---|---|---|---|---|---|"
           "---|\n",
           UPDATES);
    each(writing_row);
    printf("\n| wear: 90 %% of updates on 5 keys | updates | erases | most of one sector | mean | "
           "most / mean | bytes written per byte of value |\n|---|---|---|---|---|---|---|\n");
    each(wear_row);
    return 0;
}
