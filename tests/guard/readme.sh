#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs the examples of the documents. In README.md and docs/*.md, each ```sh block whose commands
# start with "$ " is run, the blocks of a document in order and in one empty folder, with birthmark
# on PATH. A command goes on in lines that start with "> " or follow a "\". Lines below a command are what it prints
# (stdout and stderr); "..." stands for any text, as a line of its own for any lines. A command
# without lines below may print anything. It must end with 0 unless "# exit N" stands behind it.
. "$BM_SOURCE/tests/harness/lib.sh"
mkdir bin
ln -s "$BIRTHMARK" bin/birthmark
export PATH="$PWD/bin:$PATH" NO_COLOR=1 BM_SOURCE BM_BUILD

# matches PATTERN_FILE OUTPUT_FILE, with "..." as wildcard.
matches() {
    local pattern text
    pattern=$(<"$1")
    text=$(<"$2")
    pattern=$(printf '%s' "$pattern" | sed 's/[][*?\\]/\\&/g; s/\.\.\./*/g')
    # shellcheck disable=SC2053
    [[ $text == $pattern ]]
}

# one COMMAND EXPECTED_FILE PLACE: runs a command and compares.
one() {
    local command=$1 expected=$2 place=$3 wanted=0
    if [[ $command =~ \#\ exit\ ([0-9]+)$ ]]; then
        wanted=${BASH_REMATCH[1]}
    fi
    status=0
    bash -c "set -o pipefail
$command
status=\$?
jobs -p >>\"\$left\"
exit \$status" >.printed 2>&1 </dev/null || status=$?
    [ "$status" -eq "$wanted" ] || fail "$place: '$command' ends with $status:
$(head -n 20 .printed)"
    if [ -s "$expected" ] && ! matches "$expected" .printed; then
        fail "$place: '$command' prints:
$(head -n 60 .printed)
--- the document says:
$(cat "$expected")"
    fi
    ran=$((ran + 1))
}

# document FILE: all its blocks.
document() {
    local file=$1 line number=0 block=0 command='' place='' more=0
    : >.expected
    while IFS= read -r line || [ -n "$line" ]; do
        number=$((number + 1))
        if [ "$block" -eq 0 ]; then
            [[ $line != '```sh'* ]] || block=1
        elif [ "$more" -eq 1 ] && [[ $command == *\\ || $line == '> '* || $line == '>' ]]; then
            line=${line#>}
            command+=$'\n'${line# }
        elif [[ $line == '$ '* || $line == '```' ]]; then
            [ -z "$command" ] || one "$command" .expected "$place"
            command=''
            : >.expected
            if [ "$line" = '```' ]; then
                block=0
            else
                command=${line#'$ '}
                place=${file##*/}:$number
                more=1
            fi
        elif [ -n "$command" ]; then
            more=0
            printf '%s\n' "$line" >>.expected
        fi
    done <"$file"
    [ "$block" -eq 0 ] || fail "$file: a block does not end"
}

# in_folder FILE: runs a document in a folder of its own. What it has started there ends with it.
in_folder() {
    local folder pid well=0
    folder=$(mktemp -d "$PWD/doc.XXXXXX")
    export left=$folder.left
    : >"$left"
    (cd "$folder" && ran=0 && document "$1" && echo "$ran" >"$folder.ran") || well=1
    while read -r pid; do
        [ "$(readlink "/proc/$pid/cwd")" != "$folder" ] || kill "$pid"
    done <"$left"
    [ "$well" -eq 0 ] || return 1
    total=$((total + $(cat "$folder.ran")))
}

total=0
# The check itself works.
cat >good.md <<'MD'
```sh
$ printf 'one\ntwo\n' >x
$ cat x
one
t...
$ printf 'a\n%s\nz\n' b \
    c
a
...
z
$ false # exit 1
$ cat <<'X'
> kept \
> as it is
> X
kept \
as it is
$ sleep 600 >/dev/null 2>&1 & echo $! >../sleeper
```
```sh
not run, has no prompt
```
MD
in_folder "$PWD/good.md" || fail "good.md does not pass"
[ "$total" -eq 6 ] || fail "good.md ran $total commands"
ended() { ! grep -qs '^sleep' "/proc/$(cat sleeper)/comm"; }
until_holds ended || fail "what good.md has started goes on"
for bad in '$ echo one\ntwo' '$ false' '$ echo a b\na'; do
    # shellcheck disable=SC2016
    printf '```sh\n%b\n```\n' "$bad" >bad.md
    ! (in_folder "$PWD/bad.md") 2>/dev/null || fail "this passes: $bad"
done

total=0
for file in "$BM_SOURCE"/README.md "$BM_SOURCE"/docs/*.md; do
    [ -f "$file" ] || continue
    in_folder "$file" || exit 1
done
printf '%s commands of the documents run\n' "$total"
[ "$total" -gt 0 ] || fail "the documents hold no commands to run"
