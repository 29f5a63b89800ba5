#!/bin/sh
# The groups of rows of the benchmark, to be sourced by run: row_NAME SERVER
# measures and records.  The server is running, alone, and had some sessions.
# shellcheck disable=SC2154 # run and lib.sh set work, sessions, round

# record SERVER KEY VALUE; without a value, it failed
record() {
	echo "$1 $2 ${3:-failed}" >>"$work/results"
}

# Dovecot takes minutes for the large spool, and no aim needs them: one round.
enough() {
	[ "$1" = dovecot ] && [ "$round" -gt 0 ]
}

# logins SERVER MODE KEY CPUKEY
logins() {
	before=$(used)
	line=$(load "$2" 8 "$sessions" 16 pw) || line=
	record "$1" "$3" "$(echo "$line" | value rate)"
	if [ -n "$line" ]; then
		record "$1" "$4" "$(per_session "$before" "$sessions" \
		    "$(echo "$line" | value cpu)")"
	else
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

# idle SERVER FIRST COUNT: sessions that have said STAT.  hold, a function or
# command, is run with the server's name while they wait.
idle() {
	rm -f "$work/idle.in" "$work/idle.out"
	mkfifo "$work/idle.in" "$work/idle.out"
	load idle "$2" "$3" pw <"$work/idle.in" >"$work/idle.out" &
	idle_pid=$!
	exec 3>"$work/idle.in" 4<"$work/idle.out"
	read -r idle_line <&4 || idle_line=
	# those who logged in for them are still ending
	sleep 0.3
	"$hold" "$1"
	exec 3>&-
	read -r idle_end <&4 || idle_end=
	exec 4<&-
	wait "$idle_pid"
}

# The processes that a session has of its own.
hold_one() {
	processes "$1" | awk -v server="$1" '
		NR == FNR { old[$1] = 1; next }
		!($1 in old) && (server != "dovecot" || $2 == "pop3")' \
	    "$work/before" - | pss >"$work/held"
}

# one_idle SERVER USER KEY
one_idle() {
	fresh "$1" "$2"
	processes "$1" >"$work/before"
	hold=hold_one
	if idle "$1" "${2#u}" 1; then
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
	processes "$1" | pss >"$work/held"
}

row_idle() {
	# shellcheck disable=SC2046 # words are meant
	fresh "$1" $(several 20 1019)
	hold=hold_all
	if idle "$1" 20 1000; then
		record "$1" idletime "$(echo "$idle_line" | value seconds)"
		record "$1" idlequit "$(echo "$idle_end" | value seconds)"
		record "$1" idlemem "$(cat "$work/held")"
		record "$1" idleone "$(awk '{ print $1 / 1000 }' "$work/held")"
	else
		echo "# $1, 1,000 idle log-ins: $idle_line; $idle_end" \
		    >>"$work/results"
		record "$1" idletime
		record "$1" idlequit
		record "$1" idleone
		record "$1" idlemem
	fi
}
