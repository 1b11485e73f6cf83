/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/flash_check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "birthmark/boot.h"
#include "layout/content.h"
#include "layout/preflight_parts.h"
#include "nvs/fmt.h"
#include "port/file.h"

enum { SECTOR = BM_FLASH_SECTOR, RUN = 16 * BM_FLASH_SECTOR, UNKNOWN = 0x55 };

/* The flash of a board as far as it was read; the rest counts as used by something. */
struct present {
    const struct cli_flash *f;
    struct cli_board *b;
    uint8_t *bytes;
    uint32_t size;
    int moves; /* the table changes */
};

static int is_kind(const struct bm_part *p, int type, int subtype)
{
    return p->type == type && p->subtype == subtype;
}

static int inside(const struct present *s, const struct bm_part *p)
{
    return p->offset <= s->size && p->size <= s->size - p->offset;
}

static const struct bm_flash_part *write_over(const struct cli_flash *f, const struct bm_part *p)
{
    for (size_t i = 0; i < f->parts.plan.count; i++) {
        const struct bm_flash_part *w = &f->parts.list[i];
        uint64_t begin;
        uint64_t end;
        bmi_part_erased(w, &begin, &end);
        if (w->placed && begin < p->offset + (uint64_t)p->size && p->offset < end) {
            return w;
        }
    }
    return NULL;
}

static int read_part(struct present *s, const struct bm_part *p)
{
    uint8_t *data = NULL;
    const int status = cli_board_read(s->b, p->label, p->offset, p->size, &data);
    if (status == CLI_OK) {
        memcpy(s->bytes + p->offset, data, p->size);
    }
    bm_port_free(data, p->size);
    return status;
}

/* An app partition that begins blank has no app to lose. */
static int look_at_app(struct present *s, const struct bm_part *p)
{
    int blank = 0;
    const int status = cli_board_blank(s->b, p->offset, SECTOR, &blank);
    if (status == CLI_OK && blank) {
        memset(s->bytes + p->offset, 0xff, p->size);
    }
    return status;
}

/* A file that is there already changes nothing, so its bytes are known without reading. */
static int look_at_write(struct present *s, const struct bm_flash_part *w, int *same)
{
    uint64_t begin;
    uint64_t end;
    *same = 0;
    bmi_part_erased(w, &begin, &end);
    if (w->len == 0 || end > s->size) {
        return CLI_OK;
    }
    const int status = cli_board_same(s->b, w->offset, w->data, w->len, same);
    if (status == CLI_OK && *same) {
        memset(s->bytes + begin, 0xff, (size_t)(end - begin));
        memcpy(s->bytes + w->offset, w->data, w->len);
    }
    return status;
}

static int look_at(struct present *s, const struct bm_part *p)
{
    const struct bm_flash_part *w = write_over(s->f, p);
    int same = 0;
    if (!inside(s, p) || (w == NULL && !s->moves)) {
        return CLI_OK;
    }
    if (p->type == BM_PART_APP) {
        return s->moves && p->size >= SECTOR ? look_at_app(s, p) : CLI_OK;
    }
    const int status = w != NULL ? look_at_write(s, w, &same) : CLI_OK;
    if (status != CLI_OK || (same && !s->moves) ||
        (!bm_holds_identity(p) && !is_kind(p, BM_PART_DATA, BM_PART_DATA_OTA))) {
        return status;
    }
    return read_part(s, p);
}

/* Also where the new table has NVS: what lies there would be taken for pages of it. */
static int look(struct present *s)
{
    const struct bm_part_table *to = s->f->parts.plan.table;
    const struct bm_part_table *from = &s->f->present;
    int status = CLI_OK;
    memset(s->bytes, UNKNOWN, s->size);
    for (unsigned i = 0; status == CLI_OK && s->moves && i < to->count; i++) {
        if (is_kind(&to->part[i], BM_PART_DATA, BM_PART_DATA_NVS) && inside(s, &to->part[i])) {
            status = read_part(s, &to->part[i]);
        }
    }
    for (unsigned i = 0; status == CLI_OK && i < from->count; i++) {
        status = look_at(s, &from->part[i]);
    }
    return status;
}

/* What moving from the board's table to the new one, and these writes, would lose. */
static int preflight(struct cli_flash *f, struct cli_board *b)
{
    const struct bm_flash_plan *plan = &f->parts.plan;
    struct present s = {.f = f, .b = b, .size = b->info.flash_size};
    s.moves = !bmi_same_tables(plan->table, &f->present);
    if (s.size == 0) {
        s.size = BM_FLASH_SIZE_MAX / 8;
    }
    s.bytes = malloc(s.size);
    if (s.bytes == NULL) {
        return cli_fail(b->port, BM_E_NOMEM, NULL);
    }
    int status = look(&s);
    if (status == CLI_OK) {
        const struct bm_preflight in = {.from = &f->present,
                                        .to = plan->table,
                                        .from_off = f->present_off,
                                        .to_off = plan->table_off,
                                        .plan = plan,
                                        .flash = s.bytes,
                                        .flash_len = s.size,
                                        .apps_unknown = 1,
                                        .sha256 = &f->parts.sha256};
        const int rc = bm_preflight(&in, &f->findings);
        status = rc == BM_OK ? CLI_OK : cli_fail(b->port, rc, NULL);
    }
    bm_port_free(s.bytes, s.size);
    return status;
}

/* What no --force can make possible. */
static size_t impossible(const struct cli_flash *f)
{
    const struct bm_flash_plan *plan = &f->parts.plan;
    size_t errors = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const struct bm_flash_part *p = &plan->parts[i];
        const uint64_t end = p->offset + (uint64_t)p->len;
        if (p->placed && p->offset % SECTOR != 0) {
            cli_error("%s: 0x%" PRIx32 " is in the middle of a sector; offsets are multiples of "
                      "0x1000",
                      p->file, p->offset);
            errors++;
        }
        errors += !p->placed || p->len == 0 || (plan->flash_size != 0 && end > plan->flash_size);
        for (size_t k = 0; k < i; k++) {
            const struct bm_flash_part *q = &plan->parts[k];
            errors += q->placed && p->placed && q->offset < end &&
                      p->offset < q->offset + (uint64_t)q->len;
        }
    }
    return errors;
}

static int take_as_good(void *ctx, const struct bm_part *part, struct bm_boot_image *out)
{
    (void)ctx;
    (void)part;
    *out = (struct bm_boot_image){BM_BOOT_GOOD, 1, 0};
    return BM_OK;
}

/* A new app in a slot that otadata does not select is not the one that starts. */
static void warn_of_boot(const struct cli_flash *f, struct cli_board *b)
{
    const struct bm_part_table *t = f->parts.plan.table;
    const struct bm_part *ota = bm_boot_otadata(t);
    const struct bm_part *written = NULL;
    uint8_t bytes[BM_OTADATA_RECORD_SIZE];
    struct bm_otadata data;
    struct bm_boot boot;
    for (unsigned i = 0; i < t->count; i++) {
        if (t->part[i].type == BM_PART_APP && write_over(f, &t->part[i]) != NULL) {
            written = &t->part[i];
        }
    }
    if (ota == NULL || written == NULL || write_over(f, ota) != NULL) {
        return;
    }
    for (unsigned i = 0; i < 2; i++) {
        if (bm_link_read(b->link, ota->offset + i * SECTOR, bytes, sizeof bytes, NULL) != BM_OK) {
            return;
        }
        bm_ota_record_parse(&data.record[i], bytes);
    }
    if (bm_boot_decide(&boot, t, &data, take_as_good, NULL, NULL) == BM_OK && boot.part != NULL &&
        write_over(f, boot.part) == NULL) {
        cli_warn("%s: an app is written into %s, but otadata selects %s; birthmark ota select "
                 "--port changes that",
                 b->port, written->label, boot.part->label);
    }
}

/* 1 if a page of NVS begins there: its header is never encrypted. */
static int is_nvs_page(struct cli_board *b, uint32_t off, int *yes)
{
    uint8_t raw[BMI_ENTRY_SIZE];
    struct bmi_header head;
    struct bm_diag diag = {0};
    const int rc = bm_link_read(b->link, off, raw, sizeof raw, &diag);
    if (rc != BM_OK) {
        return cli_board_fail(b, rc, &diag);
    }
    bmi_header_get(raw, &head);
    *yes = head.crc_ok;
    return CLI_OK;
}

/* Sectors that are not blank, and are not the same already (without data: as blank ones); only_nvs:
 * and begin a page of NVS. *at: the first, or UINT32_MAX. */
static int find_loss(struct cli_board *b, const struct bm_flash_part *w, int only_nvs, uint32_t *at)
{
    const size_t len = (w->len + SECTOR - 1) / SECTOR * SECTOR;
    uint8_t *data = w->data != NULL ? malloc(len) : NULL;
    int status = CLI_OK;
    size_t step = RUN;
    *at = UINT32_MAX;
    if (w->data != NULL && data == NULL) {
        return cli_fail(w->file, BM_E_NOMEM, NULL);
    }
    if (data != NULL) {
        memset(data, 0xff, len);
        memcpy(data, w->data, w->len);
    }
    cli_progress_begin(&b->progress, w->file);
    for (size_t i = 0; status == CLI_OK && i < len && *at == UINT32_MAX;) {
        const size_t n = len - i < step ? len - i : step;
        int harmless = 0;
        cli_progress_part(&b->progress, w->offset, i, len);
        if (data != NULL) {
            status = cli_board_same(b, w->offset + (uint32_t)i, data + i, n, &harmless);
        }
        if (status == CLI_OK && !harmless) {
            status = cli_board_blank(b, w->offset + (uint32_t)i, (uint32_t)n, &harmless);
        }
        if (harmless) {
            i += n;
            step = step < RUN ? 2 * step : step;
        } else if (n > SECTOR) {
            step = SECTOR; /* from here on one by one */
        } else if (status == CLI_OK) {
            int loss = 1;
            status = only_nvs ? is_nvs_page(b, w->offset + (uint32_t)i, &loss) : CLI_OK;
            *at = loss ? w->offset + (uint32_t)i : UINT32_MAX;
            i += SECTOR;
        }
    }
    cli_progress_begin(&b->progress, NULL);
    bm_port_free(data, len);
    return status;
}

/* Where the board's table cannot be read, nobody knows what lies in its flash. Where it is blank,
 * flash is as good as new but for pages of NVS: the table was erased, or is elsewhere. */
static int guard_unknown(const struct cli_flash *f, struct cli_board *b, size_t *errors)
{
    int status = CLI_OK;
    if (f->has_present || f->force || b->info.secure_download) {
        return CLI_OK;
    }
    const int blank = f->why.text[0] == '\0';
    uint32_t at = f->erase_all && !blank ? 0 : UINT32_MAX;
    const char *file = "--erase-all";
    for (size_t i = 0; status == CLI_OK && at == UINT32_MAX && i < f->parts.plan.count; i++) {
        const struct bm_flash_part *w = &f->parts.list[i];
        file = w->file;
        status = w->placed && w->len > 0 ? find_loss(b, w, blank, &at) : CLI_OK;
    }
    if (status == CLI_OK && at != UINT32_MAX) {
        cli_error("%s: would overwrite what is at 0x%" PRIx32 "; at 0x%" PRIx32
                  " the board has no partition table (%s), so what would be lost cannot be told; "
                  "--force writes, --table-offset says where it is",
                  file, at, f->present_off, blank ? "the flash is blank there" : f->why.text);
        ++*errors;
    }
    return status;
}

int cli_nvs_page_within(struct cli_board *b, uint32_t off, uint32_t len, uint32_t *at)
{
    const struct bm_flash_part all = {.file = "flash", .offset = off, .len = len};
    return find_loss(b, &all, 1, at);
}

/* In secure download mode a board cannot be asked; an app and a bootloader can be built again. */
static size_t guard_secure(const struct cli_flash *f, const struct cli_board *b)
{
    size_t errors = 0;
    if (!b->info.secure_download || f->force) {
        return 0;
    }
    if (f->erase_all) {
        cli_error("%s: in secure download mode a board does not say what it holds; --force erases",
                  b->port);
        errors++;
    }
    for (size_t i = 0; i < f->parts.plan.count; i++) {
        const struct bm_flash_part *w = &f->parts.list[i];
        if (w->placed && w->len > 0 && !bmi_is_app(w->data, w->len)) {
            cli_error("%s: in secure download mode a board does not say what it holds, so what "
                      "would be lost at 0x%" PRIx32 " cannot be told; --force writes",
                      w->file, w->offset);
            errors++;
        }
    }
    return errors;
}

int cli_flash_check(struct cli_flash *f, struct cli_board *b)
{
    const struct bm_flash_plan *plan = &f->parts.plan;
    int status = CLI_OK;
    const size_t wrong = impossible(f);
    if (wrong == 0 && f->has_present && plan->table != NULL && !f->erase_all) {
        status = preflight(f, b);
    } else {
        bm_plan_check(plan, &f->findings);
    }
    if (status != CLI_OK) {
        return status;
    }
    cli_flash_tell(f, b, f->force && wrong == 0);
    size_t errors = f->findings.errors;
    if (wrong == 0) {
        errors += cli_flash_guard(f, b) + guard_secure(f, b);
        status = guard_unknown(f, b, &errors);
    }
    if (status != CLI_OK) {
        return status;
    }
    if (wrong > 0 || (errors > 0 && !f->force)) {
        const size_t n = errors > 0 ? errors : wrong;
        cli_error("%s: %zu error%s; nothing was written%s", b->port, n, n == 1 ? "" : "s",
                  wrong == 0 ? " (--force overrides)" : "");
        cli_progress_event(&b->progress, "refused", json_pack("{s:I}", "errors", (json_int_t)n));
        return CLI_INPUT;
    }
    if (errors > 0) {
        cli_warn("%s: written in spite of %zu error%s, as --force says", b->port, errors,
                 errors == 1 ? "" : "s");
    }
    if (!f->has_present && f->why.text[0] != '\0') {
        cli_warn("%s: at 0x%" PRIx32 " there is no partition table (%s): what is lost by writing "
                 "cannot be told",
                 b->port, f->present_off, f->why.text);
    }
    if (plan->table != NULL && !b->info.secure_download) {
        warn_of_boot(f, b);
    }
    return CLI_OK;
}

int cli_identity_within(struct cli_board *b, const struct bm_part_table *table, uint32_t off,
                        uint64_t len, char names[CLI_NAMES_SIZE])
{
    struct bm_text t;
    bm_text_init(&t, names, CLI_NAMES_SIZE);
    for (unsigned i = 0; i < table->count; i++) {
        const struct bm_part *p = &table->part[i];
        int blank = 0;
        if (!bm_holds_identity(p) || p->offset >= off + len ||
            off >= p->offset + (uint64_t)p->size) {
            continue;
        }
        const int status = cli_board_blank(b, p->offset, p->size, &blank);
        if (status != CLI_OK) {
            return status;
        }
        if (!blank) {
            bm_text_str(&t, names[0] != '\0' ? ", " : "");
            bm_text_str(&t, p->label);
        }
    }
    return CLI_OK;
}
