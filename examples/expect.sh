#!/bin/sh
# expect.sh FILE PROGRAM...: the program succeeds and prints what the file holds.
set -eu
expected=$1
shift
"$@" | diff -u "$expected" -
