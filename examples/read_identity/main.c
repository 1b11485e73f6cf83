/* SPDX-License-Identifier: Apache-2.0 */

/* On the host: an image file stands for the partition "nvs", and app_main() is called as a device's
 * start-up code would. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "app_main.h"
#include "birthmark/espidf.h"

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: read_identity IMAGE\n");
        return 2;
    }
    errno = 0;
    const int rc = bm_espidf_attach("nvs", argv[1]);
    if (rc != BM_OK) {
        (void)fprintf(stderr, "read_identity: %s: %s\n", argv[1],
                      errno != 0 ? strerror(errno) : bm_err_text(rc));
        return 3;
    }
    app_main();
    (void)bm_espidf_detach("nvs");
    return app_has_identity() ? 0 : 1;
}
