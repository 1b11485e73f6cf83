/* SPDX-License-Identifier: Apache-2.0 */
#include "port/device_why.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base.h"
#include "port/ports.h"

/* 1 if one of the descriptors below /proc/PID/fd is this device. */
static int holds(const char *folder, const struct stat *device)
{
    char path[PATH_MAX];
    struct stat st;
    DIR *d = opendir(folder); /* of others only where we may look */
    const struct dirent *e;
    int found = 0;
    while (d != NULL && !found && (e = readdir(d)) != NULL) {
        const int n = snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        found = e->d_name[0] != '.' && n > 0 && (size_t)n < sizeof path && stat(path, &st) == 0 &&
                S_ISCHR(st.st_mode) && st.st_rdev == device->st_rdev;
    }
    if (d != NULL) {
        closedir(d);
    }
    return found;
}

/* The name of a process: the first line of /proc/PID/comm. */
static void command(char *out, size_t cap, const char *pid)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%.20s/comm", pid);
    FILE *f = fopen(path, "re");
    out[0] = '\0';
    if (f != NULL) {
        if (fgets(out, (int)cap, f) == NULL) {
            out[0] = '\0';
        }
        fclose(f);
    }
    out[strcspn(out, "\n")] = '\0';
}

/* Says who has the device open. */
static void busy(struct bm_text *t, const char *path)
{
    char folder[64];
    char name[32];
    struct stat device;
    unsigned found = 0;
    DIR *d = stat(path, &device) == 0 ? opendir("/proc") : NULL;
    const struct dirent *e;
    bm_text_str(t, "in use");
    while (d != NULL && (e = readdir(d)) != NULL && found < 3) {
        if (!isdigit((unsigned char)e->d_name[0])) {
            continue;
        }
        (void)snprintf(folder, sizeof folder, "/proc/%.20s/fd", e->d_name);
        if (holds(folder, &device)) {
            command(name, sizeof name, e->d_name);
            bm_text_str(t, found == 0 ? " by " : ", ");
            bm_text_str(t, name);
            bm_text_str(t, " (process ");
            bm_text_str(t, e->d_name);
            bm_text_str(t, ")");
            found++;
        }
    }
    if (d != NULL) {
        closedir(d);
    }
    bm_text_str(t, found > 0 ? "; end it first" : " by another user's program");
}

/* Says who may open the device. */
static void no_permission(struct bm_text *t, const char *path)
{
    struct stat st;
    bm_text_str(t, "no permission");
    if (stat(path, &st) != 0) {
        return;
    }
    const struct group *group = getgrgid(st.st_gid);
    if ((st.st_mode & 0060) == 0060 && group != NULL) {
        bm_text_str(t, ": it is for group ");
        bm_text_str(t, group->gr_name);
        bm_text_str(t, "; 'sudo usermod -aG ");
        bm_text_str(t, group->gr_name);
        bm_text_str(t, " $USER', then log in again");
        return;
    }
    const struct passwd *owner = getpwuid(st.st_uid);
    bm_text_str(t, ": it is for ");
    bm_text_str(t, owner != NULL ? owner->pw_name : "its owner");
    bm_text_str(t, (st.st_mode & 0600) == 0600 ? " alone" : ", but mode allows nobody");
}

/* Says what there is instead. */
static void no_such_port(struct bm_text *t)
{
    struct bm_port *ports = NULL;
    size_t n = 0;
    bm_text_str(t, "no such port");
    (void)bm_port_list(&ports, &n, NULL);
    for (size_t i = 0; i < n; i++) {
        bm_text_str(t, i == 0 ? "; there is " : ", ");
        bm_text_str(t, ports[i].name);
    }
    if (n == 0) {
        bm_text_str(t, "; there is none: is the board plugged in, by a cable that carries data?");
    }
    free(ports);
}

int bmi_device_why(const char *path, int error, struct bm_diag *diag)
{
    char text[sizeof diag->text];
    struct bm_text t;
    int code = BM_E_IO;
    bm_text_init(&t, text, sizeof text);
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        no_such_port(&t);
        code = BM_E_NOENT;
        break;
    case EACCES:
    case EPERM: no_permission(&t, path); break;
    case EBUSY: busy(&t, path); break;
    case ENOTTY:
    case EINVAL:
    case EISDIR:
        bm_text_str(&t, "it is no serial port");
        code = BM_E_ARG;
        break;
    case EIO:
    case ENXIO:
    case ENODEV: bm_text_str(&t, "nothing is behind it: unplugged, or no longer there"); break;
    default: bm_text_str(&t, "cannot be opened: "); bm_text_str(&t, strerror(error));
    }
    return bm_diag_set(diag, code, 0, NULL, text);
}
