#!/bin/sh
# The groups of rows of the benchmark, to be sourced by run: row_NAME SERVER
# measures and records.  The server is running, alone, and had some sessions.
# shellcheck disable=SC2154 # run and lib.sh set work, sessions, round

# record SERVER KEY VALUE; without a value, it failed
record() {
	echo "$1 $2 ${3:-failed}" >>"$work/results"
}

# explain SERVER WHAT WHY: a note for the table
explain() {
	echo "# $1, $2: $3" >>"$work/results"
}

# Dovecot takes minutes for the large spool, and no aim needs them: one round.
enough() {
	[ "$1" = dovecot ] && [ "$round" -gt 0 ]
}

# rates SERVER KEY CPUKEY BEFORE LINE: of log-ins since BEFORE, from load's line
rates() {
	record "$1" "$2" "$(echo "$5" | value rate)"
	record "$1" "$3" "$(per_session "$4" "$sessions" \
	    "$(echo "$5" | value cpu)")"
	[ "$round" -gt 0 ] || case $5 in
	*TLSv*) explain "$1" "$2" "TLSv${5#*TLSv}" ;;
	esac
}

# logins SERVER MODE KEY CPUKEY
logins() {
	before=$(used)
	if line=$(load "$2" 8 "$sessions" 16 pw); then
		rates "$1" "$3" "$4" "$before" "$line"
	else
		explain "$1" "$3" "$line"
		record "$1" "$3"
		record "$1" "$4"
	fi
}

row_login() {
	logins "$1" login login cpu
}

# What popa3d has instead is what is compared.
row_apop() {
	case $1 in
	popa3d) logins "$1" login apop apopcpu ;;
	*) logins "$1" apop apop apopcpu ;;
	esac
}

row_scram() {
	case $1 in
	popa3d) logins "$1" login scram scramcpu ;;
	*) logins "$1" scram scram scramcpu ;;
	esac
}

# fetch SERVER USER COUNT MODE KEY WORD: the second of two sessions, indexes
# and caches warm
fetch() {
	line=$(one "$4" "$2" pw "$3" >/dev/null && one "$4" "$2" pw "$3") ||
	    line=
	record "$1" "$5" "$(echo "$line" | value "$6")"
}

row_small() {
	fetch "$1" u17 10000 retr small rate
}

row_retr() {
	fetch "$1" u16 20 retr retr mbps
	fetch "$1" u16 20 retrpipe retrpipe mbps
}

# opening SERVER USER SUFFIX: with nothing known of the spool, and again.
# Some answer PASS before they look at the mail, so STAT is in it.
opening() {
	fresh "$1" "$2"
	warm "$1" "$2"
	line=$(one session "$2" pw STAT UIDL QUIT) || line=
	record "$1" "open$3" "$(echo "$line" | value PASS STAT)"
	record "$1" "uidl$3" "$(echo "$line" | value UIDL)"
	# it was perhaps rewritten; it stays in the page cache
	sync "$work/spool/$1/$2"
	line=$(one session "$2" pw STAT QUIT) || line=
	record "$1" "again$3" "$(echo "$line" | value PASS STAT)"
}

row_open() {
	enough "$1" || opening "$1" u18 ""
	for _ in 1 2 3; do
		opening "$1" u0 10
	done
}

row_all() {
	! enough "$1" || return 0
	for way in retr retrpipe; do
		fresh "$1" u18
		warm "$1" u18
		line=$(one "$way" u18 pw 100000) || line=
		record "$1" "all$way" "$(echo "$line" | value seconds)"
	done
}

# QUIT, and a sync of the spool behind it, which costs nothing if the server
# has done it.  A server that says +OK and keeps the message fails.
row_dele() {
	fresh "$1" u18
	warm "$1" u18
	line=$(one session u18 pw STAT 'DELE 50000' QUIT \
	    "fsync $work/spool/$1/u18") || line=
	! grep -qx 'Subject: message 50000 of the benchmark' \
	    "$work/spool/$1/u18" || line=
	record "$1" dele "$(echo "$line" | value QUIT fsync)"
}

# paused SERVER MODE ARG...: load with these, which prints a line, waits and
# prints another: first_line and last_line.  hold, a function or command, is
# run with the server's name in between.
paused() {
	paused_server=$1
	shift
	rm -f "$work/paused.in" "$work/paused.out"
	mkfifo "$work/paused.in" "$work/paused.out"
	load "$@" <"$work/paused.in" >"$work/paused.out" &
	paused_pid=$!
	exec 3>"$work/paused.in" 4<"$work/paused.out"
	read -r first_line <&4 || first_line=
	"$hold" "$paused_server"
	exec 3>&-
	read -r last_line <&4 || last_line=
	exec 4<&-
	wait "$paused_pid"
}

# The processes that a session has of its own.
hold_one() {
	# those who logged in for it are still ending
	sleep 0.3
	processes "$1" | awk -v server="$1" '
		NR == FNR { old[$1] = 1; next }
		!($1 in old) && (server != "dovecot" || $2 == "pop3")' \
	    "$work/before" - | pss >"$work/held"
}

# one_idle SERVER USER KEY [MODE]
one_idle() {
	fresh "$1" "$2"
	processes "$1" >"$work/before"
	hold=hold_one
	if paused "$1" "${4:-idle}" "${2#u}" 1 pw; then
		record "$1" "$3" "$(cat "$work/held")"
	else
		record "$1" "$3"
	fi
}

row_pss() {
	one_idle "$1" u0 pss10
	enough "$1" || one_idle "$1" u18 pss
}

hold_all() {
	sleep 0.3
	processes "$1" | pss >"$work/held"
}

# all_idle SERVER MODE KEY: 1,000 sessions; the keys begin with KEY
all_idle() {
	# shellcheck disable=SC2046 # words are meant
	fresh "$1" $(several 20 1019)
	hold=hold_all
	if paused "$1" "$2" 20 1000 pw; then
		record "$1" "$3time" "$(echo "$first_line" | value seconds)"
		record "$1" "$3quit" "$(echo "$last_line" | value seconds)"
		record "$1" "$3mem" "$(cat "$work/held")"
		record "$1" "$3one" "$(awk '{ print $1 / 1000 }' "$work/held")"
	else
		explain "$1" "1,000 idle log-ins" "$first_line; $last_line"
		for key in time quit one mem; do
			record "$1" "$3$key"
		done
	fi
}

row_idle() {
	all_idle "$1" idle idle
}

row_tls() {
	logins "$1" tls tls tlscpu
}

row_tlsrsa() {
	logins "$1" tls tlsrsa tlsrsacpu
}

row_stls() {
	logins "$1" stls stls stlscpu
}

hold_used() {
	before=$(used)
}

row_tlsresume() {
	hold=hold_used
	if paused "$1" tlsresume 8 "$sessions" 16 pw; then
		rates "$1" tlsresume tlsresumecpu "$before" "$last_line"
	else
		explain "$1" tlsresume "$first_line; $last_line"
		record "$1" tlsresume
		record "$1" tlsresumecpu
	fi
}

# poptls ends with TLS 1.2, so that both have; what is Dovecot's own choice is
# in a row of its own.
row_tlsretr() (
	export BENCH_SUITE=ECDHE-ECDSA-AES128-GCM-SHA256
	fetch "$1" u16 20 tlsretr tlsretr mbps
	[ "$1" = dovecot ] && [ "${BENCH_TLS:-}" != 1.2 ] || exit 0
	export BENCH_SUITE=TLS_AES_128_GCM_SHA256
	fetch "$1" u16 20 tlsretr tlsretr13 mbps
)

row_tlsidle() {
	one_idle "$1" u0 tlspss10 tlsidle
	all_idle "$1" tlsidle tlsidle
}
