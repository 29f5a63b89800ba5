#!/bin/sh
# What the measuring scripts share; to be sourced with BUILD set.  Everything
# lies in $work.  u0 to u15 have 10 messages of 2 KB, u16 has 20 of 20 MB, u17
# 10,000 of 2 KB, u18 100,000 of 10 KB, u19 10,000 of 10 KB, and u20 to u1019
# are as u0.
# shellcheck disable=SC2034 # the scripts use what is set here
work=${work:-$BUILD/bench}
mkdir -p "$work"
work=$(cd "$work" && pwd)
bench=$(cd "$(dirname "$0")" && pwd)
port=${PORT:-11110}
TLS='' CERT=''
# shellcheck source=bench/peers.sh
. "$bench/peers.sh"

# need_root WHAT
need_root() {
	[ "$(id -u)" = 0 ] || {
		echo "$1: needs root, for a private mount namespace" >&2
		exit 100
	}
	# a thousand connections
	# shellcheck disable=SC3045 # every sh here has it
	ulimit -n "$(ulimit -H -n)"
}

build_tools() {
	mkdir -p "$work/bin"
	${CC:-cc} -std=c11 -O2 -Wall -Wextra -iquote "$bench/../src/lib" \
	    -o "$work/bin/popload" "$bench/popload.c" "$bench/popnet.c" \
	    "$bench/popproof.c" "$bench/poptlsnet.c" \
	    "$bench/../src/lib/base64.c" -lbearssl -lssl -lcrypto || return 1
	${CC:-cc} -std=c11 -O2 -Wall -Wextra -o "$work/bin/popone" \
	    "$bench/popone.c" "$bench/popnet.c" "$bench/poptlsnet.c" \
	    -lssl -lcrypto || return 1
	${CC:-cc} -std=c11 -O2 -Wall -Wextra -o "$work/bin/mkspool" \
	    "$bench/mkspool.c"
}

# master NAME COUNT SIZE: written once, and never given to a server
master() {
	[ -e "$work/master/$1" ] && return 0
	mkdir -p "$work/master"
	"$work/bin/mkspool" "$2" "$3" >"$work/master/$1.new" &&
	    mv "$work/master/$1.new" "$work/master/$1"
}

masters() {
	master ten 10 2048 && master big 20 20000000 &&
	    master small 10000 2048 && master giant 100000 10000 &&
	    master hundred 10000 10000
}

# master_of USER: sets from
master_of() {
	case $1 in
	u16) from=$work/master/big ;;
	u17) from=$work/master/small ;;
	u18) from=$work/master/giant ;;
	u19) from=$work/master/hundred ;;
	*) from=$work/master/ten ;;
	esac
}

# spool_of FOLDER USER: sets to
spool_of() {
	to=$1/$2
}

# fresh SERVER USER...: spools that no server has changed, and nothing that a
# server knows of them.  A copy has the master's time, so a later one tells.
fresh() {
	fresh_dir=$work/spool/$1 fresh_copies=0
	shift
	for user; do
		master_of "$user"
		spool_of "$fresh_dir" "$user"
		# shellcheck disable=SC3013 # every sh here has it
		if [ ! -e "$to" ] || [ "$to" -nt "$from" ]; then
			install -p -o "$((20000 + ${user#u}))" -g mail -m 660 \
			    "$from" "$to" || return 1
			fresh_copies=1
		fi
		for left in "${to%/*}/.$user."[cp]* "$work/home/$user/.imap"; do
			[ ! -e "$left" ] || rm -rf "$left"
		done
	done
	# or the disk is still busy with them while others are measured
	[ "$fresh_copies" = 0 ] || sync -f "$fresh_dir"
}

# several FROM TO: names of users
several() {
	seq -f 'u%.0f' "$1" "$2"
}

# warm SERVER USER: the spool is in the page cache
warm() {
	cat "$work/spool/$1/$2" >/dev/null
}

# popper_conf LINE...: what all measurements have, and these lines
popper_conf() {
	mkdir -p "$work/empty" "$work/cdb"
	{
		echo 'set empty-dir = /mnt/empty'
		echo 'set cdb-dir = /mnt/cdb'
		echo 'reset update-on-abort'
		# also of users who have other secrets
		echo 'set clear-text-password = always'
		for line; do
			echo "$line"
		done
	} >"$work/qpopper.conf"
}

# make_secrets N: of u0 to u(N-1), for APOP and SCRAM-SHA-256: popper's, and
# what Dovecot has of the same kind
make_secrets() (
	umask 077
	mkdir -p "$work/cdb" && chmod 755 "$work/cdb" || exit 1
	"$work/bin/popload" verifiers "$1" pw >"$work/verifiers" || exit 1
	awk '{
		print $1 ":{apop}pw"
		print $1 ":{scram-sha-256}" $2 ":" $3 "$" $4 ":" $5
	}' "$work/verifiers" >"$work/cdb/secrets" || exit 1
	"$bench/../scripts/rebuild-cdb" "$work/cdb" || exit 1
	# its auth process is not root
	umask 022
	awk '{ print $1 ":{PLAIN}pw" }' "$work/verifiers" \
	    >"$work/users.apop" || exit 1
	awk '{ print $1 ":{SCRAM-SHA-256}" $2 "," $3 "," $4 "," $5 }' \
	    "$work/verifiers" >"$work/users.scram"
)

# make_cert NAME KEYTYPE...: WORK/NAME has a key, its certificate, and that of
# who has signed it, all made once.  KEYTYPE is what openssl req wants.
make_cert() (
	[ -e "$work/$1" ] && exit 0
	umask 077
	name=$1 new=$work/$1.new
	shift
	openssl req -x509 -nodes -days 3650 -subj "/CN=CA of $name" "$@" \
	    -keyout "$new.cakey" -out "$new.ca" 2>/dev/null &&
	    openssl req -x509 -nodes -days 3650 -subj /CN=localhost \
		-addext basicConstraints=critical,CA:FALSE \
		-addext subjectAltName=DNS:localhost "$@" \
		-CA "$new.ca" -CAkey "$new.cakey" \
		-keyout "$new.key" -out "$new.leaf" 2>/dev/null &&
	    cat "$new.key" "$new.leaf" "$new.ca" >"$new" &&
	    rm "$new.cakey" "$new.key" "$new.leaf" "$new.ca" &&
	    mv "$new" "$work/$name"
)

# start_popper WORKDIR PORT [LOOKUP]: LOOKUP is -H by default, no names.  TLS
# and CERT, as peers.sh has them, put poptls before it.
start_popper() {
	popper_dir=$1 popper_port=$2 lookup=${3:--H}
	install "$BUILD/popper" "$1/popper-program"
	set -- /mnt/popper-program -f /mnt/qpopper.conf
	if [ -n "${TLS:-}" ]; then
		install "$BUILD/poptls" "$popper_dir/poptls-program"
		[ "$TLS" = once ] || set -- -s "$@"
		set -- /mnt/poptls-program -e /mnt/empty -c "/mnt/$CERT" "$@"
	fi
	set -- tcpserver -q -D "$lookup" -R -l 0 -c 1100 -b 1100 127.0.0.1 \
	    "$popper_port" "$@"
	if [ -n "${TLS:-}" ]; then
		install "$BUILD/poptls-cache" "$popper_dir/cache-program"
		set -- /mnt/cache-program "$@"
	fi
	start_peer "$popper_dir" "$popper_port" popper "$@"
}

stop_popper() {
	stop_peer "$1" popper
}

load() {
	mode=$1
	shift
	"$work/bin/popload" "$mode" 127.0.0.1 "$port" "$@"
}

one() {
	mode=$1
	shift
	"$work/bin/popone" "$mode" 127.0.0.1 "$port" "$@"
}

# value NAME...: the sum of the words behind these names in a line
value() {
	awk -v names=" $* " '{
		for (i = 1; i < NF; i++)
			if (index(names, " " $i " ")) sum += $(i + 1)
		print sum
	}'
}

# CPU is counted by a control group that has the server and its children; if
# there is none, by what the machine was busy, less what the client used.
make_cgroup() {
	CGROUP=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	CGROUP=${CGROUP:-/nonexistent}/popper-bench.$$
	if mkdir "$CGROUP" 2>/dev/null &&
	    grep -q usage_usec "$CGROUP/cpu.stat"; then
		cpu_by='cgroup'
	else
		cpu_by='/proc/stat less the client'
		CGROUP=
	fi
	export CGROUP
}

remove_cgroup() {
	[ -z "${CGROUP:-}" ] || rmdir "$CGROUP"
}

# Microseconds of the server until now, of all processors together.
used() {
	# processes that have closed their sessions are still ending
	sleep 0.2
	if [ -n "$CGROUP" ]; then
		awk '$1 == "usage_usec" { print $2 }' "$CGROUP/cpu.stat"
	else
		awk '/^cpu / { print ($2 + $3 + $4 + $7 + $8) * 10000 }' \
		    /proc/stat
	fi
}

# per_session BEFORE N CLIENT: microseconds a session since BEFORE
per_session() {
	client=0
	[ -n "$CGROUP" ] || client=$3
	echo "$(used) $1 $2 $client" |
	    awk '{ printf "%.1f\n", ($1 - $2) / $3 - $4 }'
}

# processes NAME: those of a server, by number and program
processes() {
	ps -e -o pid= -o pgid= -o comm= |
	    awk -v group="$(cat "$work/$1.pid")" '$2 == group { print $1, $3 }'
}

# KB of memory of the processes on standard input; what several processes
# share counts in parts
pss() {
	while read -r pid _; do
		cat "/proc/$pid/smaps_rollup" 2>/dev/null || :
	done | awk '$1 == "Pss:" { sum += $2 } END { print sum + 0 }'
}
