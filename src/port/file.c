/* SPDX-License-Identifier: Apache-2.0 */
#include "port/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "port/hold.h"

enum { READ_START = 64 * 1024, TEMP_TRIES = 100, LINKS_MAX = 40 };

/* What a file is to hold. */
struct content {
    const void *data;
    size_t len;
    unsigned mode;
    const struct bm_port_hold *hold; /* what is to be replaced; NULL: whatever is there */
};

/* Names that stand for an open descriptor, whatever it is: a rename would miss what it stands for.
 */
static int is_descriptor(const char *path)
{
    return strcmp(path, "-") == 0 || strncmp(path, "/dev/std", 8) == 0 ||
           strncmp(path, "/dev/fd/", 8) == 0 || strncmp(path, "/proc/", 6) == 0;
}

static int fail(struct bm_diag *diag, int code, const char *text)
{
    const int error = errno;
    const int first = diag != NULL && diag->code == BM_OK;
    bm_diag_set(diag, code, 0, NULL, text);
    if (first) {
        diag->os_errno = error;
    }
    return code;
}

/* A buffer with a NUL's room behind cap bytes, moved to a larger one and the old place wiped. */
static int enlarge(uint8_t **data, size_t *cap, size_t used, size_t wanted)
{
    uint8_t *moved = malloc(wanted + 1);
    if (moved == NULL) {
        return BM_E_NOMEM;
    }
    if (*data != NULL) {
        memcpy(moved, *data, used);
    }
    bm_port_free(*data, used);
    *data = moved;
    *cap = wanted;
    return BM_OK;
}

/* Reads to the end; one byte more than max is enough to know that it is too much. */
static int read_all(int fd, size_t expected, size_t max, uint8_t **data, size_t *len,
                    struct bm_diag *diag)
{
    size_t cap = 0;
    size_t used = 0;
    uint8_t *buf = NULL;
    int rc = enlarge(&buf, &cap, 0, (expected < max ? expected : max) + 1);
    while (rc == BM_OK) {
        const ssize_t n = read(fd, buf + used, cap - used);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            rc = fail(diag, BM_E_IO, "cannot be read");
            break;
        }
        if (n == 0) {
            break;
        }
        used += (size_t)n;
        if (used > max) {
            errno = 0;
            rc = fail(diag, BM_E_NOSPC, "the file is too large");
        } else if (used == cap) {
            rc = enlarge(&buf, &cap, used, cap < max / 2 ? cap * 2 : max + 1);
        }
    }
    if (rc != BM_OK) {
        bm_port_free(buf, used);
        return rc;
    }
    buf[used] = '\0';
    *data = buf;
    *len = used;
    return BM_OK;
}

/* Reads to the end of an open file. */
static int read_open(int fd, size_t max, uint8_t **data, size_t *len, struct bm_diag *diag)
{
    struct stat st;
    size_t expected = READ_START;
    if (max > SIZE_MAX / 2) {
        max = SIZE_MAX / 2;
    }
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        expected = (uint64_t)st.st_size > max ? max : (size_t)st.st_size;
    }
    return read_all(fd, expected, max, data, len, diag);
}

static int not_opened(struct bm_diag *diag)
{
    return fail(diag, errno == ENOENT ? BM_E_NOENT : BM_E_IO, "cannot be opened");
}

int bm_port_read(const char *path, size_t max, uint8_t **data, size_t *len, struct bm_diag *diag)
{
    const int standard = strcmp(path, "-") == 0;
    *data = NULL;
    *len = 0;
    const int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return not_opened(diag);
    }
    const int rc = read_open(fd, max, data, len, diag);
    if (!standard) {
        close(fd);
    }
    return rc;
}

int bm_port_read_named(const char *path, size_t max, uint8_t **data, size_t *len,
                       struct bm_diag *diag)
{
    struct stat st;
    *data = NULL;
    *len = 0;
    if (strcmp(path, "-") != 0 && is_descriptor(path)) {
        return bm_port_read(path, max, data, len, diag);
    }
    /* opening a pipe must not wait for its writer; for files the flag means nothing */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && errno != ENXIO) { /* ENXIO: a socket */
        return not_opened(diag);
    }
    int rc = BM_OK;
    if (fd < 0 || fstat(fd, &st) != 0 || S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) ||
        isatty(fd)) {
        errno = 0;
        rc = fail(diag, BM_E_INPUT, "it is a pipe, a socket or a terminal; name a regular file");
    } else {
        rc = read_open(fd, max, data, len, diag);
    }
    if (fd >= 0) {
        close(fd);
    }
    return rc;
}

static int look(const char *path, int standard, struct stat *st)
{
    const int rc = strcmp(path, "-") == 0 ? fstat(standard, st) : stat(path, st);
    return rc == 0 && S_ISREG(st->st_mode);
}

int bm_port_same_file(const char *input, const char *output)
{
    struct stat a;
    struct stat b;
    return look(input, STDIN_FILENO, &a) && look(output, STDOUT_FILENO, &b) &&
           a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

void bm_port_free(uint8_t *data, size_t len)
{
    if (data != NULL) {
        bm_wipe(data, len);
        free(data);
    }
}

static int write_all(int fd, const uint8_t *data, size_t len)
{
    while (len > 0) {
        const ssize_t n = write(fd, data, len);
        if (n < 0 && errno != EINTR) {
            return -1;
        }
        if (n > 0) {
            data += n;
            len -= (size_t)n;
        }
    }
    return 0;
}

/* Devices, pipes and what /dev/stdout stands for: there is nothing to replace. */
static int write_in_place(const char *path, const struct content *c, struct bm_diag *diag)
{
    const int standard = strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0;
    const int fd = standard ? STDOUT_FILENO : open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return fail(diag, BM_E_IO, "cannot be opened for writing");
    }
    int rc = BM_OK;
    if (write_all(fd, c->data, c->len) != 0) {
        rc = fail(diag, BM_E_IO, "cannot be written");
    }
    if (!standard && close(fd) != 0 && rc == BM_OK) {
        rc = fail(diag, BM_E_IO, "cannot be written");
    }
    return rc;
}

/* Length of the folder part with its slash; 0 for a name in the current folder. */
static size_t folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? 0 : (size_t)(slash - path) + 1;
}

void bm_port_temp_name(char *name, const char *path, long pid, unsigned i)
{
    const size_t folder = folder_length(path);
    memcpy(name, path, folder);
    snprintf(name + folder, BM_PORT_TEMP_NAME, ".birthmark-%ld-%u.tmp", pid, i);
}

/* Creates a file of our own beside path; name gets its path. */
static int create_beside(const char *path, char *name, unsigned mode)
{
    for (unsigned i = 0; i < TEMP_TRIES; i++) {
        bm_port_temp_name(name, path, (long)getpid(), i);
        const int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
        if (fd >= 0 || errno != EEXIST) {
            return fd;
        }
    }
    return -1;
}

/* Makes the new name last through a power cut. The file itself is safe already, so a file system
 * that cannot do this for a folder is no failure. */
static void sync_folder(const char *path)
{
    char folder[PATH_MAX];
    const size_t len = folder_length(path);
    if (len >= sizeof folder) {
        return;
    }
    memcpy(folder, path, len);
    folder[len] = '\0';
    const int fd = open(len == 0 ? "." : folder, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

/* Writes all of a new file through to the disk, and closes it. */
static int fill(int fd, const struct content *c, struct bm_diag *diag)
{
    int rc = BM_OK;
    if (write_all(fd, c->data, c->len) != 0 || fsync(fd) != 0) {
        rc = fail(diag, BM_E_IO, "cannot be written");
    }
    if (close(fd) != 0 && rc == BM_OK) {
        rc = fail(diag, BM_E_IO, "cannot be written");
    }
    return rc;
}

static int replace(const char *path, const struct content *c, struct bm_diag *diag)
{
    char *name = malloc(strlen(path) + BM_PORT_TEMP_NAME);
    if (name == NULL) {
        return bm_diag_set(diag, BM_E_NOMEM, 0, NULL, NULL);
    }
    int rc = BM_OK;
    const int fd = create_beside(path, name, c->mode);
    if (fd < 0) {
        rc = fail(diag, BM_E_IO, "no file can be made in its folder");
        free(name);
        return rc;
    }
    struct stat st;
    if (stat(path, &st) == 0 && (st.st_uid != geteuid() || st.st_gid != getegid())) {
        /* root's edit leaves the file with its owner; others may not, and need not */
        (void)!fchown(fd, st.st_uid, st.st_gid);
    }
    rc = fill(fd, c, diag);
    if (rc == BM_OK && c->hold != NULL && !bm_port_hold_good(c->hold, path)) {
        errno = 0;
        rc = fail(diag, BM_E_INPUT,
                  "another program has changed it meanwhile; nothing was written, try again");
    }
    if (rc == BM_OK && rename(name, path) != 0) {
        rc = fail(diag, BM_E_IO, "cannot be replaced");
    }
    if (rc == BM_OK) {
        sync_folder(path);
    } else {
        unlink(name);
    }
    free(name);
    return rc;
}

/* Over a file size limit the write should fail, not end the program. */
static void file_limit_ignore(struct sigaction *before)
{
    struct sigaction ignore;
    memset(&ignore, 0, sizeof ignore);
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGXFSZ, &ignore, before);
}

/* Ctrl-C in the middle would leave the temporary file: it takes effect when the file is whole. */
static int uninterrupted(int (*make)(const char *, const struct content *, struct bm_diag *),
                         const char *path, const struct content *c, struct bm_diag *diag)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    sigset_t hold;
    sigset_t before;
    sigemptyset(&hold);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        sigaddset(&hold, signals[i]);
    }
    const int held = pthread_sigmask(SIG_BLOCK, &hold, &before) == 0;
    const int rc = make(path, c, diag);
    if (held) {
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    return rc;
}

/* Replaces a path of PATH_MAX bytes that is a link by where it leads, seen from its own folder.
 * Returns 1; 0 if it is no link, -1 with errno. */
static int follow(char *path)
{
    char to[PATH_MAX];
    struct stat st;
    if (lstat(path, &st) != 0 || !S_ISLNK(st.st_mode)) {
        return 0;
    }
    const ssize_t n = readlink(path, to, sizeof to - 1);
    const size_t folder = n < 1 || to[0] == '/' ? 0 : folder_length(path);
    if (n < 1 || folder + (size_t)n >= PATH_MAX) {
        errno = n < 1 ? errno : ENAMETOOLONG;
        return -1;
    }
    memcpy(path + folder, to, (size_t)n);
    path[folder + (size_t)n] = '\0';
    return 1;
}

/* A file that is not there, for the reason in errno. Where the path is a link to it, it is made
 * where the link leads, as the shell's > does; a loop, or a folder that is closed, is not followed.
 */
static int write_new(const char *path, const struct content *c, struct bm_diag *diag)
{
    static const char nowhere[] = "is a link, and where it leads no file can be made";
    const int error = errno;
    char target[PATH_MAX];
    struct bm_diag why = {0};
    int more = 0;
    if (strlen(path) < sizeof target) {
        memcpy(target, path, strlen(path) + 1);
        more = follow(target);
    }
    if (more == 0) {
        return uninterrupted(replace, path, c, diag);
    }
    errno = error;
    for (int i = 1; error == ENOENT && more == 1 && i < LINKS_MAX; i++) {
        more = follow(target);
    }
    if (more != 0) {
        return fail(diag, BM_E_IO, nowhere);
    }
    const int rc = uninterrupted(replace, target, c, &why);
    errno = why.os_errno;
    return rc == BM_OK ? rc : fail(diag, rc, nowhere);
}

static int write_path(const char *path, const struct content *c, struct bm_diag *diag)
{
    struct stat st;
    if (is_descriptor(path)) {
        return write_in_place(path, c, diag);
    }
    if (stat(path, &st) != 0) {
        return write_new(path, c, diag);
    }
    if (S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        return fail(diag, BM_E_IO, "cannot be written");
    }
    if (!S_ISREG(st.st_mode)) {
        return write_in_place(path, c, diag);
    }
    if (access(path, W_OK) != 0) {
        return fail(diag, BM_E_IO, "cannot be written");
    }
    char *real = realpath(path, NULL); /* a symbolic link stays, the file behind it is replaced */
    const int rc = real == NULL ? fail(diag, BM_E_IO, "cannot be found")
                                : uninterrupted(replace, real, c, diag);
    free(real);
    return rc;
}

unsigned bm_port_mode(const char *path, unsigned most)
{
    struct stat st;
    return stat(path, &st) == 0 ? (unsigned)st.st_mode & most : most;
}

FILE *bm_port_memory(uint8_t **text, size_t *len)
{
    *text = NULL;
    *len = 0;
    return open_memstream((char **)text, len);
}

static int create(const char *path, const struct content *c, struct bm_diag *diag)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, c->mode);
    if (fd < 0) {
        return errno == EEXIST ? fail(diag, BM_E_EXIST, "is there already")
                               : fail(diag, BM_E_IO, "cannot be made");
    }
    const int rc = fill(fd, c, diag);
    if (rc == BM_OK) {
        sync_folder(path);
    } else {
        unlink(path);
    }
    return rc;
}

int bm_port_create(const char *path, const void *data, size_t len, unsigned mode,
                   struct bm_diag *diag)
{
    const struct content c = {data, len, mode, NULL};
    struct sigaction before;
    file_limit_ignore(&before);
    const int rc = uninterrupted(create, path, &c, diag);
    sigaction(SIGXFSZ, &before, NULL);
    return rc;
}

int bm_port_write_held(const struct bm_port_hold *hold, const char *path, const void *data,
                       size_t len, unsigned mode, struct bm_diag *diag)
{
    const struct content c = {data, len, mode, hold};
    struct sigaction before;
    file_limit_ignore(&before);
    const int rc = write_path(path, &c, diag);
    sigaction(SIGXFSZ, &before, NULL);
    return rc;
}

int bm_port_write(const char *path, const void *data, size_t len, unsigned mode,
                  struct bm_diag *diag)
{
    return bm_port_write_held(NULL, path, data, len, mode, diag);
}

int bm_port_mkdirs(const char *path, struct bm_diag *diag)
{
    struct stat st;
    char folder[PATH_MAX];
    const size_t len = strlen(path);
    if (len == 0 || (stat(path, &st) == 0 && S_ISDIR(st.st_mode))) {
        return BM_OK;
    }
    if (len >= sizeof folder) {
        errno = ENAMETOOLONG;
        return fail(diag, BM_E_IO, "the folder cannot be made");
    }
    memcpy(folder, path, len + 1);
    for (size_t i = 1; i <= len; i++) {
        if (folder[i] != '/' && folder[i] != '\0') {
            continue;
        }
        folder[i] = '\0';
        const int error = mkdir(folder, 0777) == 0 ? 0 : errno;
        if (error != 0 && (stat(folder, &st) != 0 || !S_ISDIR(st.st_mode))) {
            errno = error == EEXIST ? ENOTDIR : error;
            return fail(diag, BM_E_IO, "the folder cannot be made");
        }
        folder[i] = path[i];
    }
    return BM_OK;
}
