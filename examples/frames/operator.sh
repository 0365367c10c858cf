#!/bin/sh
# An operator of flashmob run --exec 'sh operator.sh FILTER…' --exec-mode frames: puts every batch through a filter.
# Frames: 4 bytes length, big-endian, of what follows: a letter and its text. See docs/exec.md.
export LC_ALL=C
batch=$(mktemp) && result=$(mktemp) && why=$(mktemp) && trap 'rm -f "$batch" "$result" "$why"' EXIT
[ $# -gt 0 ] || set -- cat

# send LETTER FILE
send() {
	n=$(($(wc -c <"$2") + 1))
	printf "$(printf '\\%03o\\%03o\\%03o\\%03o' $((n >> 24 & 255)) $((n >> 16 & 255)) $((n >> 8 & 255)) $((n & 255)))$1"
	cat "$2"
}

while head=$(dd bs=1 count=5 2>/dev/null | od -An -tu1 -v) && [ -n "$head" ]; do
	set -f -- "$@" # the filter stays what it is
	eval "$(echo $head | { read -r a b c d e; echo "size=$(((a << 24 | b << 16 | c << 8 | d) - 1)) letter=$e"; })"
	dd bs=65536 count="$size" iflag=fullblock,count_bytes 2>/dev/null >"$batch"
	if [ "$letter" = 72 ]; then # H
		send H "$batch"
	elif "$@" <"$batch" >"$result" 2>"$why"; then
		send R "$result"
	else
		send E "$why"
	fi
done
