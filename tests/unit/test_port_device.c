/* SPDX-License-Identifier: Apache-2.0 */
/* Devices by libserialport. There is none here, so a pty plays one: the test runs itself again
 * where /sys and /dev say that it is a USB bridge (harness/fake_usb.sh), and the modem lines, which
 * ptys have not, are made up by an ioctl() of our own. */
#define _XOPEN_SOURCE 700
#define _DEFAULT_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "port/ports.h"
#include "port/serial.h"
#include "port/tty.h"

#define DEVICE "/dev/ttyUSB0"

static int lines;         /* TIOCM_ bits */
static unsigned settings; /* calls that set lines */
static int master;

int ioctl(int fd, unsigned long request, ...);

int ioctl(int fd, unsigned long request, ...)
{
    va_list args;
    va_start(args, request);
    void *arg = va_arg(args, void *);
    va_end(args);
    switch (request) {
    case TIOCMGET: *(int *)arg = lines; return 0;
    case TIOCMSET: lines = *(int *)arg; break;
    case TIOCMBIS: lines |= *(int *)arg; break;
    case TIOCMBIC: lines &= ~*(int *)arg; break;
    default: return (int)syscall(SYS_ioctl, fd, request, arg);
    }
    settings++;
    return 0;
}

static void listed(void **state)
{
    struct bm_port *ports = NULL;
    size_t n = 0;
    (void)state;
    assert_int_equal(bm_port_list(&ports, &n, NULL), BM_OK);
    assert_int_equal(n, 2);
    assert_string_equal(ports[0].name, DEVICE);
    assert_int_equal(ports[0].usb, 1);
    assert_string_equal(ports[0].serial, "7CDFA1001122");
    assert_non_null(ports[0].bridge);
    assert_string_equal(ports[0].by_id, "/dev/serial/by-id/usb-Some_Maker_7CDFA1001122-if00-port0");
    assert_string_equal(ports[0].by_path, "/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0-port0");
    assert_string_equal(ports[1].name, "/dev/ttyS7");
    assert_int_equal(ports[1].usb, 0);
    free(ports);
}

static struct bm_serial dial(const char *name)
{
    struct bm_serial s;
    struct bm_diag diag = {0};
    if (bm_port_serial_open(&s, name, 0, &diag) != BM_OK) {
        fail_msg("%s: %s", name, diag.text);
    }
    return s;
}

static void opened(void **state)
{
    static const uint32_t speeds[] = {9600, 921600, 2000000, 3000000, 74880, 250000};
    char in[16];
    (void)state;
    struct bm_serial s = dial("/dev/serial/by-id/usb-Some_Maker_7CDFA1001122-if00-port0");
    const char *id = getenv("FAKE_USB");
    assert_int_equal(s.kind, strcmp(id, "303a:1001") == 0 ? BM_SERIAL_USB_JTAG : BM_SERIAL_UART);
    assert_int_equal(bmi_tty_speed(master), 115200);
    for (size_t i = 0; i < sizeof speeds / sizeof speeds[0]; i++) {
        assert_int_equal(s.ops->set_baud(s.ctx, speeds[i]), BM_OK);
        assert_int_equal(bmi_tty_speed(master), speeds[i]);
    }
    assert_int_equal(s.ops->set_baud(s.ctx, 0), BM_E_ARG);
    assert_int_equal(s.ops->write(s.ctx, "\n\r\x03\x11\xff\0", 6, 1000), BM_OK);
    assert_int_equal(read(master, in, sizeof in), 6);
    assert_memory_equal(in, "\n\r\x03\x11\xff\0", 6);
    assert_int_equal(s.ops->drain(s.ctx), BM_OK);
    assert_int_equal(write(master, "\n\r\x03\x11\xff\0", 6), 6);
    assert_int_equal(s.ops->read(s.ctx, in, sizeof in, 1000), 6);
    assert_memory_equal(in, "\n\r\x03\x11\xff\0", 6);
    bm_port_serial_close(&s);
}

static void both_lines_at_once(void **state)
{
    (void)state;
    lines = TIOCM_DTR | TIOCM_RTS | TIOCM_CTS;
    struct bm_serial s = dial(DEVICE);
    settings = 0;
    assert_int_equal(s.ops->set_lines(s.ctx, 0, 1), BM_OK);
    assert_int_equal(lines & (TIOCM_DTR | TIOCM_RTS), TIOCM_RTS);
    assert_int_equal(s.ops->set_lines(s.ctx, 1, 0), BM_OK);
    assert_int_equal(lines & (TIOCM_DTR | TIOCM_RTS), TIOCM_DTR);
    assert_int_equal(settings, 2);
    /* a change of speed leaves them alone */
    assert_int_equal(s.ops->set_baud(s.ctx, 460800), BM_OK);
    assert_int_equal(lines & (TIOCM_DTR | TIOCM_RTS), TIOCM_DTR);
    bm_port_serial_close(&s);
}

static void exclusive(void **state)
{
    struct bm_serial second;
    struct bm_diag diag = {0};
    (void)state;
    struct bm_serial s = dial(DEVICE);
    assert_int_equal(bm_port_serial_open(&second, DEVICE, 0, &diag), BM_E_IO);
    assert_non_null(strstr(diag.text, "in use by "));
    bm_port_serial_close(&s);
    s = dial(DEVICE);
    bm_port_serial_close(&s);
    memset(&diag, 0, sizeof diag);
    assert_int_equal(bm_port_serial_open(&s, "/dev/ttyUSB3", 0, &diag), BM_E_NOENT);
    assert_string_equal(diag.text, "no such port; there is /dev/ttyUSB0, /dev/ttyS7");
}

/* The last test: nothing is left of the device after it. */
static void unplugged(void **state)
{
    char in[16];
    (void)state;
    struct bm_serial s = dial(DEVICE);
    assert_int_equal(close(master), 0);
    assert_int_equal(s.ops->read(s.ctx, in, sizeof in, 1000), BM_E_IO);
    assert_int_equal(s.ops->write(s.ctx, in, sizeof in, 1000), BM_E_IO);
    assert_int_equal(s.ops->set_baud(s.ctx, 9600), BM_E_IO);
    bm_port_serial_close(&s);
}

/* Runs this program again with a pty as the device. Returns its exit status. */
static int again(const char *self, const char *id)
{
    char fd[16];
    int status = -1;
    const int m = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(m >= 0 && grantpt(m) == 0 && unlockpt(m) == 0);
    snprintf(fd, sizeof fd, "%d", m);
    const pid_t pid = fork();
    if (pid == 0) {
        setenv("FAKE_USB", id, 1);
        setenv("FAKE_USB_MASTER", fd, 1);
        execlp("unshare", "unshare", "-m", "bash", BM_SOURCE_DIR "/tests/harness/fake_usb.sh", id,
               ptsname(m), self, (char *)NULL);
        _exit(127);
    }
    close(m);
    assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static char self[4096];

static void as_bridge(void **state)
{
    (void)state;
    assert_int_equal(again(self, "10c4:ea60"), 0);
}

static void as_usb_jtag(void **state)
{
    (void)state;
    assert_int_equal(again(self, "303a:1001"), 0);
}

int main(void)
{
    const struct CMUnitTest inside[] = {
        cmocka_unit_test(listed),
        cmocka_unit_test(opened),
        cmocka_unit_test(both_lines_at_once),
        cmocka_unit_test(exclusive),
        cmocka_unit_test(unplugged),
    };
    const struct CMUnitTest outside[] = {cmocka_unit_test(as_bridge),
                                         cmocka_unit_test(as_usb_jtag)};
    const char *fd = getenv("FAKE_USB_MASTER");
    if (fd != NULL) {
        master = (int)strtol(fd, NULL, 10);
        return cmocka_run_group_tests(inside, NULL, NULL);
    }
    if (geteuid() != 0 || system("unshare -m mount --make-rprivate / 2>/dev/null") != 0) {
        printf("SKIP: needs root and a mount namespace\n");
        return 77;
    }
    if (readlink("/proc/self/exe", self, sizeof self - 1) <= 0) {
        return 1;
    }
    return cmocka_run_group_tests(outside, NULL, NULL);
}
