/* SPDX-License-Identifier: Apache-2.0 */

/* On a virtual board: what stands between its start and app_main() on a chip, too. */

#include <stdio.h>

#include "app_main.h"
#include "birthmark/board.h"

int main(void)
{
    struct bm_diag diag = {0};
    if (bm_board_attach(NULL, &diag) != BM_OK) {
        (void)fprintf(stderr, "%s\n", diag.text);
        return 1;
    }
    app_main();
    return BM_BOARD_SLEEPS;
}
