#!/bin/sh
# test_connect_by_key.sh CONNECT_BY_KEY INTERCOM_ADMIN: a network of three nodes, one program that listens
# on it, one that calls it by its key, one that calls a key that nobody has.
set -eu
program=$1
admin=$2
folder=$(mktemp -d)
pids=
stop() {
    for pid in $pids; do kill "$pid" 2>"$folder/gone" || true; done
    wait
    rm -rf "$folder"
}
trap stop EXIT

# Wait until FILE has a line.
hear() {
    i=0
    while ! [ -s "$1" ]; do
        i=$((i + 1))
        [ $i -lt 100 ]
        sleep 0.1
    done
}

# The first port that is free.
port=46000
while :; do
    "$admin" dht-node --host 127.0.0.1 --port $port --status 0 >"$folder/first" 2>"$folder/taken" &
    first=$!
    i=0
    while ! [ -s "$folder/first" ] && ! [ -s "$folder/taken" ] && [ $i -lt 100 ]; do
        i=$((i + 1))
        sleep 0.1
    done
    if [ -s "$folder/first" ]; then break; fi
    : >"$folder/taken"
    port=$((port + 1))
    [ $port -lt 46100 ]
done
pids=$first
network=127.0.0.1:$port
for name in second third; do
    i=$((port + 200))
    [ $name = second ] || i=$((port + 400))
    "$admin" dht-node --host 127.0.0.1 --port $i --bootstrap $network --status 0 >"$folder/$name" &
    pids="$pids $!"
    hear "$folder/$name"
done

timeout 60 "$program" listen $network >"$folder/key" &
pids="$pids $!"
hear "$folder/key"
read -r key <"$folder/key"
timeout 20 "$program" call $network "$key" hello 'and a longer text' bye >"$folder/answers"
printf 'hello\nand a longer text\nbye\n' | diff - "$folder/answers"

nobody=$("$admin" key address "$(printf '20%.0s' $(seq 32))")
if timeout 20 "$program" call $network "$nobody" hello 2>"$folder/complaint"; then exit 1; fi
grep -Eq 'not found|authentication failed' "$folder/complaint"
