/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/range_arg.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "cli/table_arg.h"

static int is_all(const char *word)
{
    return strcmp(word, "all") == 0 || strcmp(word, "ALL") == 0;
}

int cli_range_arg(struct cli *c, struct cli_range *r)
{
    const char *first = cli_arg(c);
    memset(r, 0, sizeof *r);
    if (first == NULL) {
        return cli_usage(c, "takes OFFSET and SIZE, or the NAME of a partition");
    }
    if (!isdigit((unsigned char)first[0])) {
        r->name = first;
        return CLI_OK;
    }
    const char *size = cli_arg(c);
    if (size == NULL) {
        return cli_usage(c, "how many bytes from %s on? Give OFFSET and SIZE, or a NAME", first);
    }
    r->to_end = is_all(size);
    int status = cli_table_number(c, &r->off, "OFFSET", first);
    if (status == CLI_OK && !r->to_end) {
        status = cli_table_number(c, &r->size, "SIZE", size);
        if (status == CLI_OK && r->size == 0) {
            status = cli_usage(c, "SIZE is 0; give the number of bytes, or all");
        }
    }
    return status;
}

int cli_range_find(struct cli *c, struct cli_range *r, struct cli_board *b)
{
    const uint32_t flash = b->info.flash_size;
    int status = CLI_OK;
    if (r->name != NULL) {
        status = cli_board_place(b, c, r->name, &r->off, &r->size);
    }
    if (status == CLI_OK && r->to_end) {
        if (flash == 0) {
            cli_error("%s: the size of its flash could not be found out; give SIZE in bytes",
                      b->port);
            return CLI_DEVICE;
        }
        r->size = r->off < flash ? flash - r->off : 0;
    }
    if (status == CLI_OK && (r->size == 0 || r->off > UINT32_MAX - r->size ||
                             (flash != 0 && r->off + r->size > flash))) {
        cli_error("%s: 0x%" PRIx32 " and 0x%" PRIx32 " bytes reach beyond its flash of 0x%" PRIx32,
                  b->port, r->off, r->size, flash);
        status = CLI_INPUT;
    }
    return status;
}
