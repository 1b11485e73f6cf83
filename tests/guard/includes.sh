#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Who may include whom. A new arrow between rooms is a change of the architecture: change
# docs/ARCHITECTURE.md and the table here together, or do without it.
. "$BM_SOURCE/tests/harness/lib.sh"

# room: rooms whose headers it may include besides its own.
declare -A may=(
    [base]=""
    [flash]="base"
    [crypto]="nvs base"
    [port]="base"
    [nvs]="flash base"
    [part]="flash base"
    [proto]="base"
    [espidf]="nvs part flash base"
    [image]="nvs part crypto flash base"
    [layout]="image part crypto flash base"
    [link]="proto part flash base"
    [monitor]="base"
    [sim]="proto part crypto flash base"
    [cloud]="base part nvs crypto"
    [cli]="base flash crypto port nvs part proto espidf image layout link monitor sim cloud"
)

# Public header: the room behind it.
declare -A behind=(
    [err]=base [flash]=flash [nvs]=nvs [nvs_crypto]=nvs [espidf]=espidf
    [hash]=base [part]=part [app]=part [ota]=part
    [boot]=part [update]=part [serial]=base [board]=espidf
)

# Libraries, and the rooms that may know of them.
declare -A library=(
    [csv.h]="image layout" [jansson.h]="image layout link cli" [popt.h]="cli" [libserialport.h]="port" [ini.h]="layout" [openssl]="crypto" [mbedtls]="crypto" [zlib.h]="sim link"
)

c11=" assert.h complex.h ctype.h errno.h fenv.h float.h inttypes.h iso646.h limits.h locale.h math.h
 setjmp.h signal.h stdalign.h stdarg.h stdatomic.h stdbool.h stddef.h stdint.h stdio.h stdlib.h
 stdnoreturn.h string.h tgmath.h threads.h time.h uchar.h wchar.h wctype.h "
freestanding=" stddef.h stdint.h string.h "

in_list() {
    case " $2 " in *[[:space:]]"$1"[[:space:]]*) return 0 ;; esac
    return 1
}

quoted() { # ROOM HEADER: is #include "HEADER" allowed?
    local room=$1 header=$2 target
    case $header in
    birthmark/*)
        target=${header#birthmark/}
        target=${behind[${target%.h}]:-unknown}
        ;;
    */*.h) target=${header%%/*} ;;
    *) target=unknown ;;
    esac
    # The ESP-IDF room implements the headers of include/espidf, whose names are ESP-IDF's.
    if [ "$room" = espidf ] && [ -f "$BM_SOURCE/include/espidf/$header" ]; then
        return 0
    fi
    [ "$target" = "$room" ] || in_list "$target" "${may[$room]:-}"
}

angled() { # ROOM HEADER
    local room=$1 header=$2 name=${2%%/*}
    if [ -n "${library[$name]:-}" ]; then
        in_list "$room" "${library[$name]}"
        return
    fi
    case $room in
    port) return 0 ;; # the one room with headers of the operating system
    base | nvs) in_list "$header" "$freestanding" ;;
    *) in_list "$header" "$c11" ;;
    esac
}

# Prints each include under ROOT/src that the tables do not allow.
violations() {
    local root=$1 file rest room header
    while IFS=: read -r file _ rest; do
        room=${file#"$root"/src/}
        room=${room%%/*}
        header=${rest#*[<\"]}
        header=${header%%[>\"]*}
        case $rest in
        *'<'*) angled "$room" "$header" ;;
        *) quoted "$room" "$header" ;;
        esac || echo "src/$room: ${file##*/} includes $header"
    done < <(grep -rnE --include='*.[ch]' '^[[:space:]]*#[[:space:]]*include' "$root/src")
}

# The check itself works: planted arrows are found, good ones are not.
mkdir -p planted/src/{base,image,nvs,cli}
printf '#include "nvs/fmt.h"\n' >planted/src/base/a.c
printf '#include "port/file.h"\n#include <unistd.h>\n#include "nvs/fmt.h"\n' >planted/src/image/b.c
printf '#include <popt.h>\n#include <string.h>\n' >planted/src/nvs/c.c
printf '#include "port/file.h"\n#include <popt.h>\n' >planted/src/cli/d.c
[ "$(violations planted | sort)" = "src/base: a.c includes nvs/fmt.h
src/image: b.c includes port/file.h
src/image: b.c includes unistd.h
src/nvs: c.c includes popt.h" ] || fail "planted arrows: $(violations planted)"

found=$(violations "$BM_SOURCE")
[ -z "$found" ] || fail "includes that docs/ARCHITECTURE.md does not allow:
$found"

# What users get includes only the standard library and itself.
foreign=$(grep -rnE '^#[[:space:]]*include' "$BM_SOURCE/include" |
    grep -vE '<(std[a-z]+|inttypes|limits|string)\.h>|"(birthmark|freertos)/[A-Za-z_]+\.h"|"(nvs|esp)[a-z_]*\.h"')
[ -z "$foreign" ] || fail "public headers include more than their own:
$foreign"
