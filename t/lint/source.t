#!/bin/sh
# What the tree promises of itself: includes go down, files that may run as
# root say so and are listed, functions and files stay short.
top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top" || exit 1
n=0
# none WHAT LINES: there must be no such lines
none() {
	n=$((n + 1))
	if [ -z "$2" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		printf '%s\n' "$2" | sed 's/^/# /'
	fi
}

headers() {
	for d; do
		(cd "src/$d" && printf '%s\n' *.h)
	done | sed 's/\./\\./' | paste -s -d '|'
}
includes() {
	grep -nE "^#include \"($2)\"" "src/$1"/*.[ch]
}
none 'lib includes only lib' "$(includes lib "$(headers auth drop popper tls)")"
none 'auth includes auth and lib' "$(includes auth "$(headers drop popper tls)")"
none 'drop includes drop and lib' "$(includes drop "$(headers auth popper tls)")"
none 'tls includes tls and lib' "$(includes tls "$(headers auth drop popper)")"
none 'popper includes nothing of tls' "$(includes popper "$(headers tls)")"

claimed=$(grep -l '^/\* runs as: root' src/*/*.c src/tools/*/*.c | sort)
listed=$(sed -n '/^## What runs as root/,/^## /s/^| `\(src[^`]*\)`.*/\1/p' \
    docs/DESIGN.md | sort)
none 'docs/DESIGN.md lists what runs as root' \
    "$(printf '%s\n%s\n' "$claimed" "$listed" | sort | uniq -u)"

none 'no file over 450 lines' "$(wc -l src/*/*.[ch] src/tools/*/*.[ch] t/unit/*.c |
    awk '$2 != "total" && $1 > 450')"
none 'no function over 80 lines' "$(awk 'FNR == 1 { start = 0 }
    /^\{/ { start = FNR }
    /^\}/ { if (start && FNR - start - 1 > 80) print FILENAME ":" start
	start = 0 }' src/*/*.c src/tools/*/*.c)"
none 'no unbounded copies' \
    "$(grep -nE '\b(strcpy|strcat|sprintf|gets|alloca|vsprintf)\(' src/*/*.c src/tools/*/*.c)"
none 'main() stands outside the archives' \
    "$(grep -lE '^main\(' src/*/*.c src/tools/*/*.c | grep -v '/main\.c$')"
echo "1..$n"
