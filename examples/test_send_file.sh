#!/bin/sh
# test_send_file.sh SEND_FILE: files of several lengths arrive as they are, over loopback.
set -eu
program=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

for bytes in 0 1 65536 20000000; do
    head -c $bytes /dev/urandom >"$folder/sent"
    rm -f "$folder/where"
    timeout 30 "$program" receive "$folder/received" >"$folder/where" 2>/dev/null &
    receiver=$!
    i=0
    while ! [ -s "$folder/where" ]; do
        i=$((i + 1))
        [ $i -lt 100 ]
        sleep 0.1
    done
    read -r where who <"$folder/where"
    timeout 30 "$program" send "$folder/sent" "$where" "$who" 2>"$folder/progress"
    wait $receiver
    cmp "$folder/sent" "$folder/received"
    grep -q "$bytes bytes" "$folder/progress"
done
