/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "cli/up.h"
#include "port/file.h"
#include "port/shell.h"

enum { TEXT_MAX = 1024 * 1024 };

static const char *const usual_csv[] = {"main/nvs.csv", "nvs.csv", NULL};

int cli_up_path(char out[CLI_PATH_SIZE], const char *dir, const char *name)
{
    if (!cli_path_in(out, dir, name)) {
        cli_error("the path is too long: %s/%s", dir, name);
        return CLI_INPUT;
    }
    return CLI_OK;
}

int cli_up_is_file(const char *path)
{
    uint8_t *data = NULL;
    size_t len = 0;
    const int rc = bm_port_read_named(path, BM_FLASH_SIZE_MAX, &data, &len, NULL);
    bm_port_free(data, len);
    return rc == BM_OK;
}

/* A CMakeLists.txt that includes ESP-IDF's project.cmake. */
static int is_idf_project(void)
{
    uint8_t *text = NULL;
    size_t len = 0;
    const int rc = bm_port_read_named("CMakeLists.txt", TEXT_MAX, &text, &len, NULL);
    const int is = rc == BM_OK && strstr((const char *)text, "project.cmake") != NULL;
    bm_port_free(text, len);
    return is;
}

static void choose_build(struct cli_up *u)
{
    const char *idf = getenv("IDF_PATH");
    const char *dir = u->text[UP_BUILD_DIR];
    const char *set_up = "";
    u->why_no_build = NULL;
    if (u->text[UP_NO_BUILD] != NULL) {
        u->why_no_build = "--no-build";
        return;
    }
    if (u->text[UP_BUILD] != NULL) {
        (void)snprintf(u->command, sizeof u->command, "%s", u->text[UP_BUILD]);
        return;
    }
    if (!is_idf_project()) {
        u->why_no_build = "this is no ESP-IDF project, and no --build says how";
        return;
    }
    if (!bm_port_on_path("idf.py")) {
        if (idf == NULL || idf[0] == '\0') {
            u->why_no_build = "idf.py is not on PATH: source ESP-IDF's export.sh, or give --build";
            return;
        }
        set_up = ". \"$IDF_PATH/export.sh\" >/dev/null && ";
    }
    const char *quote = set_up[0] != '\0' ? "'" : "";
    const int other = strcmp(dir, "build") != 0;
    (void)snprintf(u->command, sizeof u->command, "%s%s%sidf.py%s%s%s build%s",
                   set_up[0] != '\0' ? "bash -c " : "", quote, set_up, other ? " -B \"" : "",
                   other ? dir : "", other ? "\"" : "", quote);
}

/* The CSV that was asked for, or one of the usual ones. */
static int choose_csv(struct cli_up *u)
{
    const char *wanted = u->text[UP_CSV];
    if (u->text[UP_NO_NVS] != NULL) {
        return CLI_OK;
    }
    if (wanted != NULL && !cli_up_is_file(wanted)) {
        cli_error("%s: there is no such CSV file of values; --no-nvs does without", wanted);
        return CLI_INPUT;
    }
    for (size_t i = 0; wanted == NULL && usual_csv[i] != NULL; i++) {
        wanted = cli_up_is_file(usual_csv[i]) ? usual_csv[i] : NULL;
    }
    if (wanted == NULL) {
        return CLI_OK;
    }
    return cli_up_path(u->csv, ".", wanted);
}

int cli_up_look(struct cli *c, struct cli_up *u)
{
    if (u->text[UP_BUILD_DIR] == NULL) {
        u->text[UP_BUILD_DIR] = "build";
    }
    if (strpbrk(u->text[UP_BUILD_DIR], "\"'$`\\\n") != NULL) {
        return cli_usage(c, "--build-dir: a plain name is wanted, not %s", u->text[UP_BUILD_DIR]);
    }
    choose_build(u);
    int status = choose_csv(u);
    if (u->csv[0] != '\0') { /* shown as it was said */
        const size_t skip = strncmp(u->csv, "./", 2) == 0 ? 2 : 0;
        memmove(u->csv, u->csv + skip, strlen(u->csv + skip) + 1);
    }
    if (status == CLI_OK && u->csv[0] != '\0') {
        status = cli_up_path(u->image, u->text[UP_BUILD_DIR], "certs.bin");
    }
    if (u->text[UP_RELATIVE_TO] == NULL) {
        u->text[UP_RELATIVE_TO] = u->text[UP_BUILD_DIR];
    }
    return status;
}

/* The partition that the image is for: by name, "nvs", or the only one. */
static int find_nvs(struct cli_up *u)
{
    const struct bm_part_table *t = u->parts.plan.table;
    const char *label = u->text[UP_LABEL];
    unsigned n = 0;
    for (unsigned i = 0; i < t->count; i++) {
        n += t->part[i].type == BM_PART_DATA && t->part[i].subtype == BM_PART_DATA_NVS;
    }
    u->nvs = bm_part_find(t, BM_PART_DATA, BM_PART_DATA_NVS, label != NULL ? label : "nvs");
    if (u->nvs == NULL && label == NULL && n == 1) {
        u->nvs = bm_part_find(t, BM_PART_DATA, BM_PART_DATA_NVS, NULL);
    }
    if (u->nvs == NULL && label != NULL) {
        cli_error("%s: the table has no NVS partition %s (--label)", u->table, label);
    } else if (u->nvs == NULL) {
        cli_error("%s: %s", u->table,
                  n == 0 ? "the table has no NVS partition for the values; --no-nvs does without"
                         : "which NVS partition are the values for? Say --label");
    }
    return u->nvs != NULL ? CLI_OK : CLI_INPUT;
}

/* The build may make an image of its own (nvs_create_partition_image): then that one is taken. */
static void yield_to_build(struct cli_up *u)
{
    const struct bm_flash_part *own = bmi_plan_at(&u->parts.plan, u->nvs->offset);
    if (own != NULL) {
        cli_warn("the build brings an image for %s, %s: that one is flashed, %s is left out",
                 u->nvs->label, own->file, u->csv);
        u->nvs = NULL;
        u->image[0] = '\0';
    }
}

/* "detect" is the usual flash size of ESP-IDF before 5.0: the bootloader's header says 2 MB until
 * it is flashed. Other sizes stand in the header already. */
static int takes_size(struct cli_up *u)
{
    char path[CLI_PATH_SIZE];
    if (u->text[UP_SIZE] != NULL ||
        cli_up_path(path, u->text[UP_BUILD_DIR], "flasher_args.json") != CLI_OK) {
        return 0;
    }
    json_t *json = json_load_file(path, 0, NULL);
    const json_t *settings = json_object_get(json, "flash_settings");
    const char *size = json_string_value(json_object_get(settings, "flash_size"));
    const int is = size != NULL && strcmp(size, "detect") == 0;
    json_decref(json);
    return is;
}

/* The program with symbols, by project_description.json, for addresses in the monitor. */
static void find_elf(struct cli_up *u)
{
    char path[CLI_PATH_SIZE];
    const char *dir = u->text[UP_BUILD_DIR];
    if (u->text[UP_ELF] != NULL || cli_up_path(path, dir, "project_description.json") != CLI_OK) {
        return;
    }
    json_t *json = json_load_file(path, 0, NULL);
    const char *name = json_string_value(json_object_get(json, "app_elf"));
    if (name != NULL && cli_up_path(u->elf, dir, name) == CLI_OK && cli_up_is_file(u->elf)) {
        u->text[UP_ELF] = u->elf;
    }
    json_decref(json);
}

int cli_up_read(struct cli_up *u)
{
    struct bm_layout_findings findings;
    const char *dir = u->text[UP_BUILD_DIR];
    memset(&findings, 0, sizeof findings);
    if (!cli_is_build(dir)) {
        cli_error("%s/flasher_args.json: there is no such file%s%s", dir,
                  u->why_no_build != NULL ? "; nothing was built: "
                                          : "; did the build go elsewhere?"
                                            " Say --build-dir",
                  u->why_no_build != NULL ? u->why_no_build : "");
        return CLI_INPUT;
    }
    int status = cli_parts_open(&u->parts);
    status = status == CLI_OK ? cli_parts_args(&u->parts, dir) : status;
    if (status == CLI_OK) {
        bm_plan_resolve(&u->parts.plan, &findings);
        const struct bm_flash_part *t = bmi_plan_at(&u->parts.plan, u->parts.plan.table_off);
        u->table = t != NULL ? t->file : NULL;
        if (u->image[0] != '\0' && (u->parts.plan.table == NULL || u->table == NULL)) {
            cli_findings_put(&findings, NULL);
            cli_error("%s: the build has no partition table at 0x%x, so where the values of %s go "
                      "is not known; --no-nvs does without",
                      dir, (unsigned)u->parts.plan.table_off, u->csv);
            status = CLI_INPUT;
        }
    }
    if (status == CLI_OK && u->image[0] != '\0') {
        status = find_nvs(u);
        if (status == CLI_OK) {
            yield_to_build(u);
        }
        if (u->nvs != NULL) {
            (void)snprintf(u->assignment, sizeof u->assignment, "%s=%s", u->nvs->label, u->image);
        }
    }
    find_elf(u);
    if (takes_size(u)) {
        u->text[UP_SIZE] = "detect";
    }
    bm_layout_findings_free(&findings);
    return status;
}
