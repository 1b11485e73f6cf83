/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cli/frame.h"
#include "port/file.h"

enum mode { AUTO, ALWAYS, NEVER };

static enum mode chosen = AUTO;

int cli_color_set(const char *mode)
{
    static const char *const names[] = {"auto", "always", "never"};
    for (int i = AUTO; i <= NEVER; i++) {
        if (strcmp(mode, names[i]) == 0) {
            chosen = (enum mode)i;
            return 0;
        }
    }
    return -1;
}

static int set(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0';
}

int cli_color(FILE *stream)
{
    if (chosen != AUTO) {
        return chosen == ALWAYS;
    }
    const char *term = getenv("TERM");
    if (set("NO_COLOR") || term == NULL || strcmp(term, "dumb") == 0) {
        return 0;
    }
    return bm_port_is_terminal(stream == stderr ? 2 : 1);
}
