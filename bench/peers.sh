#!/bin/sh
# The servers that popper is compared with: Debian's Dovecot and popa3d.
# They are unpacked, never installed, and run in a private mount namespace.
#
# Run:    peers.sh WORKDIR
# Source: fetch_peers WORKDIR; make_users WORKDIR N;
#         start_dovecot WORKDIR PORT; stop_dovecot WORKDIR; same for popa3d
#
# Needs root, overlayfs, tcpserver and tcpclient.  The caller fills
# WORKDIR/spool/NAME, which the server NAME has as its /var/mail.  If CGROUP
# names a control group, servers are started in it.  TLS is "once" for a
# server that speaks TLS at once on its port, "stls" for one that knows STLS,
# else empty; CERT names the PEM file in WORKDIR of its key and certificates.
# If PEERS_ROOT names the folder root of another WORKDIR, what was unpacked
# there is used.

# Library packages the peers depend on and this machine lacks.
missing_libraries() {
	apt-cache depends dovecot-core dovecot-pop3d popa3d |
	    sed -n 's/^ *|*Depends: \(lib[^ ]*\)$/\1/p' | sort -u |
	while read -r lib; do
		dpkg-query -W -f '${db:Status-Abbrev}\n' "$lib" 2>/dev/null |
		    grep -q '^ii' || echo "$lib"
	done
}

download_peers() (
	cd "$1" || exit 1
	# apt's sandbox user may not be able to write here.
	missing_libraries | xargs apt-get -q -o APT::Sandbox::User=root \
	    download dovecot-core dovecot-pop3d popa3d
)

fetch_peers() {
	[ -e "$1/root/complete" ] && return 0
	mkdir -p "$1/debs" "$1/root" || return 1
	# An old package index names versions which are gone.
	download_peers "$1/debs" ||
	    { apt-get -q update && download_peers "$1/debs"; } || return 1
	for deb in "$1"/debs/*.deb; do
		dpkg -x "$deb" "$1/root" || return 1
	done
	if (in_root "$1" ldd /usr/sbin/popa3d /usr/sbin/dovecot \
	    /usr/lib/dovecot/anvil /usr/lib/dovecot/auth \
	    /usr/lib/dovecot/pop3 /usr/lib/dovecot/pop3-login) |
	    grep 'not found'; then
		echo "peers: libraries are missing" >&2
		return 1
	fi
	: >"$1/root/complete"
}

# Exec a command that sees WORKDIR at /mnt, and the unpacked tree laid over
# the system's: the peers' compiled-in paths, users and PAM file are right
# without a change to the system.  /mnt is short enough for socket names and
# open to the mail users wherever WORKDIR is.  Call it in a subshell.
in_root() {
	# shellcheck disable=SC2016 # for the inner shell to expand
	exec unshare -m sh -ec '
		mount --bind "$0" /mnt
		for dir in usr etc var/lib; do
			mount -t overlay overlay -o \
			    "ro,lowerdir=/mnt/root/$dir${PEERS_ROOT:+:$PEERS_ROOT/$dir}:/$dir" \
			    "/$dir"
		done
		exec "$@"' "$@"
}

# make_users WORKDIR N: u0 to u(N-1), password "pw".  Not while a peer runs.
make_users() (
	case $1 in
	*[[:space:]]*)
		echo "peers: users.list cannot hold a path with spaces" >&2
		exit 1
	esac
	# MD5-crypt is the cheapest hash that both peers take: the benchmark
	# is of the servers, not of crypt().
	hash=$(openssl passwd -1 -salt bench pw) || exit 1
	mail=$(getent group mail | cut -d: -f3)
	chmod 755 "$1" && mkdir -p "$1/root/etc/pam.d" "$1/home" || exit 1
	for server in popper dovecot popa3d; do
		mkdir -p "$1/spool/$server" &&
		    chown root:mail "$1/spool/$server" &&
		    chmod 2775 "$1/spool/$server" || exit 1
	done

	awk -v n="$2" -v gid="$mail" -v dir="$1" -v hash="$hash" 'BEGIN {
		for (i = 0; i < n; i++)
			print "u" i, 20000 + i, gid, dir "/home/u" i, hash
	}' >"$1/users.list" || exit 1
	awk '{ print $1 ":{CRYPT}" $5 ":" $2 ":" $3 "::/mnt/home/" $1 }' \
	    "$1/users.list" >"$1/users.passwd-file" || exit 1

	{
		cat /etc/passwd
		echo 'dovecot:x:19001:19001::/nonexistent:/usr/sbin/nologin'
		echo 'dovenull:x:19002:19002::/nonexistent:/usr/sbin/nologin'
		echo 'popa3d:x:19003:19003::/nonexistent:/usr/sbin/nologin'
		awk '{ print $1 ":x:" $2 ":" $3 "::/mnt/home/" $1 ":/bin/sh" }' \
		    "$1/users.list"
	} >"$1/root/etc/passwd" || exit 1
	{
		cat /etc/group
		printf '%s\n' dovecot:x:19001: dovenull:x:19002: popa3d:x:19003:
	} >"$1/root/etc/group" || exit 1
	(umask 077
	awk '{ print $1 ":" $5 ":19000:0:99999:7:::" }' "$1/users.list" \
	    >"$1/root/etc/shadow") || exit 1
	printf '%s required pam_unix.so\n' auth account \
	    >"$1/root/etc/pam.d/popa3d" || exit 1

	while read -r user uid gid _; do
		[ -d "$1/home/$user" ] ||
		    install -d -o "$uid" -g "$gid" "$1/home/$user" || exit 1
	done <"$1/users.list"
)

# Does a POP3 server greet on PORT?
greets() {
	if [ "${TLS:-}" = once ]; then
		echo QUIT | timeout 5 openssl s_client -quiet -crlf \
		    -connect "127.0.0.1:$1" 2>/dev/null | grep -q '^+OK'
		return
	fi
	# shellcheck disable=SC2016 # for the inner shell to expand
	timeout 5 tcpclient -T 1 -RHl0 127.0.0.1 "$1" sh -c '
		read -r line <&6
		case $line in +OK*) exit 0 ;; esac
		exit 1' 2>/dev/null
}

# start_peer WORKDIR PORT NAME COMMAND...: any server that has these users
start_peer() {
	peer_dir=$1 peer_port=$2 peer_name=$3
	export CGROUP="${CGROUP:-}"
	shift 3
	if greets "$peer_port"; then
		echo "$peer_name: port $peer_port is in use" >&2
		return 1
	fi
	# A session of its own, so that stop_peer can signal the whole group.
	# shellcheck disable=SC2016 # for the inner shell to expand
	(in_root "$peer_dir" setsid sh -ec '
		[ -z "$CGROUP" ] || echo $$ >"$CGROUP/cgroup.procs"
		mount --bind "/mnt/spool/$0" /var/mail
		echo $$ >"/mnt/$0.pid"
		exec "$@"' "$peer_name" "$@") \
	    </dev/null >"$peer_dir/$peer_name.log" 2>&1 &
	peer_tries=100
	until greets "$peer_port"; do
		peer_tries=$((peer_tries - 1))
		if [ "$peer_tries" -eq 0 ]; then
			echo "$peer_name did not start:" >&2
			cat "$peer_dir/$peer_name.log" >&2
			stop_peer "$peer_dir" "$peer_name"
			return 1
		fi
		sleep 0.1
	done
}

# Does the process group have a process?  A zombie does not count: who reaps
# it is not always quick.
alive() {
	ps -e -o pgid= -o stat= |
	    awk -v group="$1" '$1 == group && $2 !~ /^Z/ { n++ } END { exit !n }'
}

# stop_peer WORKDIR NAME: it is gone, sessions and all, on return.
stop_peer() (
	[ -s "$1/$2.pid" ] || exit 0
	read -r pid <"$1/$2.pid"
	kill "$pid" 2>/dev/null || :
	tries=100
	while alive "$pid"; do
		# Open sessions outlive a server that is told to stop.
		# dash takes no "--" after kill -KILL.
		[ "$tries" -gt 80 ] || kill -s KILL -- "-$pid" 2>/dev/null || :
		[ "$tries" -gt 0 ] || exit 1
		tries=$((tries - 1))
		sleep 0.1
	done
	rm -f "$1/$2.pid"
)

# Debian's defaults, but for paths, limits that a load test would meet, and
# the login service in Dovecot's documented high-performance mode.  Each of its
# processes has keys of its own for the tickets of TLS, so half of the sessions
# are resumed if there are two: LOGINS says how many, if not two or more.
# DOVECOT_MORE is one more setting.
start_dovecot() {
	mkdir -p "$1/dovecot" || return 1
	dovecot_ssl=no pop3=$2 pop3s=0
	[ -z "${TLS:-}" ] || dovecot_ssl=yes
	if [ "${TLS:-}" = once ]; then
		pop3=0 pop3s=$2
	fi
	cat >"$1/dovecot/dovecot.conf" <<-END || return 1
	base_dir = /mnt/dovecot/run
	state_dir = /mnt/dovecot/state
	log_path = /mnt/dovecot/dovecot.log
	protocols = pop3
	listen = 127.0.0.1
	ssl = $dovecot_ssl
	$([ -z "${TLS:-}" ] || printf '%s = </mnt/%s\n' \
	    ssl_cert "$CERT" ssl_key "$CERT")
	disable_plaintext_auth = no
	auth_mechanisms = plain apop scram-sha-256
	mail_location = mbox:/mnt/home/%u:INBOX=/var/mail/%u
	mail_privileged_group = mail
	first_valid_uid = 20000
	mail_max_userip_connections = 0
	default_process_limit = 1100
	default_client_limit = 4096
	passdb {
	  driver = passwd-file
	  mechanisms = apop
	  args = /mnt/users.apop
	}
	passdb {
	  driver = passwd-file
	  mechanisms = scram-sha-256
	  args = /mnt/users.scram
	}
	passdb {
	  driver = passwd-file
	  mechanisms = plain
	  args = /mnt/users.passwd-file
	}
	userdb {
	  driver = passwd-file
	  args = /mnt/users.passwd-file
	}
	service pop3-login {
	  service_count = 0
	  process_min_avail = ${LOGINS:-2}
	  process_limit = ${LOGINS:-1100}
	  client_limit = 1024
	  inet_listener pop3 {
	    port = $pop3
	  }
	  inet_listener pop3s {
	    port = $pop3s
	    ssl = yes
	  }
	}
	${DOVECOT_MORE:-}
	END
	start_peer "$1" "$2" dovecot \
	    dovecot -F -c /mnt/dovecot/dovecot.conf
}

stop_dovecot() {
	stop_peer "$1" dovecot
}

# Not popa3d -D: its port and address are compiled in, 0.0.0.0:110.
start_popa3d() {
	start_peer "$1" "$2" popa3d \
	    tcpserver -q -D -H -R -l 0 -c 1100 -b 1100 127.0.0.1 "$2" \
	    /usr/sbin/popa3d
}

stop_popa3d() {
	stop_peer "$1" popa3d
}

case ${0##*/} in
peers.sh)
	[ $# -eq 1 ] || { echo "usage: peers.sh WORKDIR" >&2; exit 2; }
	fetch_peers "$1"
	;;
esac
