#!/bin/sh
# test_chat_by_topic.sh CHAT ADMIN: two who name the same room talk over a network of one node; a third, in another
# room, hears nothing.
set -eu
chat=$1
admin=$2
folder=$(mktemp -d)
node=
trap '[ -z "$node" ] || kill "$node"; rm -rf "$folder"' EXIT

# Wait until a file says it.
hear() {
    i=0
    while ! grep -q "$2" "$folder/$1" 2>/dev/null; do
        i=$((i + 1))
        [ $i -lt 200 ] || { echo "no '$2' in $1"; cat "$folder/$1"; exit 1; }
        sleep 0.1
    done
}

# enter NAME ROOM: its input is a pipe that no other program keeps open
enter() {
    mkfifo "$folder/$1.in"
    timeout 60 "$chat" "127.0.0.1:$port" "$2" <"$folder/$1.in" >"$folder/$1" 3>&- 4>&- 5>&- &
}

for port in 46001 46017 46033; do
    "$admin" dht-node --host 127.0.0.1 --port $port >"$folder/node" 2>&1 &
    node=$!
    sleep 0.3
    kill -0 $node 2>/dev/null && break
    node=
done
[ -n "$node" ]

enter anna kitchen
anna=$!
exec 3>"$folder/anna.in"
enter ben kitchen
ben=$!
exec 4>"$folder/ben.in"
enter carl cellar
carl=$!
exec 5>"$folder/carl.in"

hear anna 'is here'
hear ben 'is here'
echo 'is anybody hungry?' >&3
hear ben 'is anybody hungry?'
echo 'always' >&4
hear anna 'always'
exec 3>&-
wait $anna
hear ben 'has left'
exec 4>&-
wait $ben
exec 5>&-
wait $carl
[ ! -s "$folder/carl" ]
