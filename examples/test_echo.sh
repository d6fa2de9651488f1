#!/bin/sh
# test_echo.sh ECHO: one echo serves, another calls it, over loopback; a third calls the wrong one.
set -eu
echo=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Wait until the server has said where it is; $where and $who.
hear() {
    i=0
    while ! [ -s "$folder/where" ]; do
        i=$((i + 1))
        [ $i -lt 100 ]
        sleep 0.1
    done
    read -r where who <"$folder/where"
}

timeout 20 "$echo" serve >"$folder/where" &
server=$!
hear
timeout 20 "$echo" call "$where" "$who" hello 'and a longer text' bye >"$folder/answers"
wait $server
printf 'hello\nand a longer text\nbye\n' | diff - "$folder/answers"

# Whoever expects the key of the one before does not even understand this one.
other=$who
rm "$folder/where"
timeout 20 "$echo" serve >"$folder/where" 2>"$folder/complaint" &
server=$!
hear
if timeout 20 "$echo" call "$where" "$other" secret; then exit 1; fi
if wait $server; then exit 1; fi
grep -q 'authentication failed' "$folder/complaint"
