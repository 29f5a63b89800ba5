#!/bin/sh
# make install and make uninstall: files in their places, configuration that
# is there is left alone, and what is installed works.
top=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
n=0
check() {
	n=$((n + 1))
	what=$1
	shift
	if "$@" >"$dir/why" 2>&1; then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what"
		sed 's/^/# /' "$dir/why"
	fi
}
mk() {
	make -s -C "$top" --no-print-directory "$@" BUILD="$BUILD" \
	    DESTDIR="$dir/root" PREFIX=/opt/popper SYSCONFDIR=/opt/etc/popper
}
# the program that is there, not one of other flags
mk_install() {
	PREFIX=/opt/popper SYSCONFDIR=/opt/etc/popper \
	    MANDIR=/opt/popper/share/man LIBEXECDIR=/opt/popper/lib/popper \
	    EMPTYDIR=/opt/popper/lib/popper/empty RUNDIR=/opt/run DESTDIR="$dir/root" \
	    sh -c 'cd "$0" && scripts/install' "$top"
}
# for those that are shipped down: poppassd, qpopper-tls, and their logs
each_down() {
	for d in poppassd poppassd/log qpopper-tls qpopper-tls/log; do
		"$@" "$tree/$d" || return
	done
}
has_control() {
	[ -p "$1/supervise/control" ]
}
is_down() {
	s6-svstat "$1" | grep '^down' && [ ! -e "$1/ran" ]
}
# s6-svscan on the tree, with programs that only tell that they were run
supervised() {
	tree=$dir/tree
	cp -R "$etc/service" "$tree"
	for run in "$tree"/*/run "$tree"/*/log/run; do
		printf '#!/bin/sh\necho . >>ran\nexec cat\n' >"$run"
	done
	# cat ends with its input, as multilog does; qpopper's has none to end
	printf '#!/bin/sh\necho . >>ran\nexec sleep 1000\n' >"$tree/qpopper/run"
	s6-svscan "$tree" &
	svscan=$!
	i=0
	until [ $i -ge 300 ] || { [ -e "$tree/qpopper/ran" ] &&
	    [ -e "$tree/qpopper/log/ran" ] && each_down has_control; }; do
		i=$((i + 1))
		sleep 0.1
	done
	[ -e "$tree/qpopper/ran" ] && each_down is_down
	code=$?
	s6-svscanctl -t "$tree"
	wait $svscan
	[ $code = 0 ]
}
root=$dir/root
etc=$root/opt/etc/popper
lib=$root/opt/popper/lib/popper

# the program of another server in the folder's place
in_the_way() {
	mkdir -p "${lib%/*}"
	echo other >"$lib"
	said=$(mk_install 2>&1)
	[ $? = 100 ] || return
	echo "$said"
	case $said in
	"install: $lib is a file"*/opt/popper/sbin/popper*) ;;
	*) return 1 ;;
	esac
	[ "$(cd "$root" && find . ! -type d)" = ./opt/popper/lib/popper ] &&
	    [ ! -e "$root/opt/popper/sbin" ] && [ ! -e "$root/opt/etc" ] &&
	    [ "$(cat "$lib")" = other ]
}
check 'a file in the way is told, and nothing is made' in_the_way
rm "$lib"
check install mk_install
for f in opt/popper/sbin/popper opt/popper/sbin/rebuild-cdb \
    opt/popper/share/popper/fail2ban/popper.conf \
    opt/popper/share/popper/logcheck/popper \
    opt/popper/share/popper/logwatch/services/in.qpopper.conf \
    opt/popper/sbin/poplimit opt/popper/share/man/man8/poplimit.8 \
    opt/popper/sbin/popauth opt/popper/share/man/man8/popauth.8 \
    opt/popper/sbin/poptls-cache opt/popper/share/man/man8/poptls-cache.8 \
    opt/popper/lib/popper/as-user opt/popper/share/man/man8/popper.8 \
    opt/popper/share/man/man5/qpopper.conf.5 opt/etc/popper/qpopper.conf \
    opt/etc/popper/cdb/secrets opt/etc/popper/service/qpopper/run \
    opt/etc/popper/service/qpopper/log/run opt/popper/sbin/poppassd \
    opt/popper/lib/popper/popid opt/popper/lib/popper/poppam \
    opt/popper/share/man/man8/poppassd.8 opt/etc/popper/pam.d-pop3.example \
    opt/etc/popper/service/poppassd/run \
    opt/etc/popper/service/poppassd/down \
    opt/etc/popper/service/poppassd/log/down \
    opt/etc/popper/service/poppassd/log/run \
    opt/popper/sbin/poptls \
    opt/popper/sbin/tls-unlock opt/popper/sbin/popper-mkcert \
    opt/popper/sbin/import-qpopper opt/popper/share/popper/Import/Options.pm \
    opt/popper/share/man/man8/import-qpopper.8 \
    opt/popper/share/man/man8/popper-mkcert.8 \
    opt/popper/share/man/man8/tls-unlock.8 \
    opt/popper/sbin/popuidl opt/popper/sbin/import-mail \
    opt/popper/share/man/man8/popuidl.8 \
    opt/popper/share/man/man8/import-mail.8 \
    opt/etc/popper/qpopper-stls.conf opt/etc/popper/qpopper-tls.conf \
    opt/etc/popper/service/qpopper-tls/run \
    opt/etc/popper/service/qpopper-tls/down \
    opt/etc/popper/service/qpopper-tls/log/down \
    opt/etc/popper/service/qpopper-tls/log/run; do
	check "$f is there" test -f "$root/$f"
done
check "popper's page is also that of qpopper" \
    test -f "$root/opt/popper/share/man/man8/qpopper.8" -a \
    "$(mandoc -T ascii "$root/opt/popper/share/man/man8/qpopper.8" |
	grep -c 'POP3 server on standard input')" = 1
check "secrets are root's only" \
    test "$(stat -c %a "$etc/cdb/secrets")" = 600
check 'and so are keys' test "$(stat -c %a "$etc/tls")" = 700
check 'popauth is not set-uid' \
    test "$(stat -c %a "$root/opt/popper/sbin/popauth")" = 755
check 'the empty folder is there' test -d "$root/opt/popper/lib/popper/empty"
check 'paths are those of the installation' \
    grep -q 'CONF=/opt/etc/popper/qpopper.conf' "$etc/service/qpopper/settings"
check "fail2ban's jail knows the log" grep -q \
    '^logpath = /opt/etc/popper/service/qpopper/log/main/current$' \
    "$root/opt/popper/share/popper/fail2ban/popper-jail.conf"
check "and so does logwatch" grep -q \
    '"/opt/etc/popper/service/qpopper/log/main/current"$' \
    "$root/opt/popper/share/popper/logwatch/logfiles/popper.conf"
check 'and all can be read' [ -z "$(find "$root/opt/popper/share/popper" \
    -type d ! -perm 755 -o -type f ! -perm 644)" ]
check 'also where sessions are counted' \
    grep -q '^RUN=/opt/run[[:space:]]' "$etc/service/qpopper/settings"
check "and poppassd's, too" grep -q '^LIB=/opt/popper/lib/popper' \
    "$etc/service/poppassd/settings"
check 'and where decrypted keys are' \
    grep -q '^RUN=/opt/run$' "$root/opt/popper/sbin/tls-unlock"
check 'nor does the service for TLS share a file with the other one' \
    test ! -L "$etc/service/qpopper-tls/run"
check 'its configuration is that of this installation' \
    grep -qx 'CONF=/opt/etc/popper/qpopper-tls.conf' \
    "$etc/service/qpopper-tls/settings"
check 'with what all share' grep -qx \
    'set config-file = /opt/etc/popper/qpopper.conf' "$etc/qpopper-tls.conf"
check 'poppassd is on the loopback' grep -q '^IP=127\.0\.0\.1$' \
    "$etc/service/poppassd/settings"
check 'the tree can be supervised: poppassd and TLS stay down' supervised
check 'the configuration is right' \
    "$root/opt/popper/sbin/popper" --check-config -f "$etc/qpopper.conf"
check 'rebuild-cdb works' "$root/opt/popper/sbin/rebuild-cdb" "$etc/cdb"
check 'access.cdb is there' test -f "$etc/cdb/access.cdb"

rm "$etc/service/poppassd/down" "$etc/service/qpopper-tls/down"
echo 'alice:{apop}mine' >>"$etc/cdb/secrets"
echo 'set shy' >>"$etc/qpopper.conf"
check 'install again' mk_install
check 'secrets were left alone' grep -q '^alice:' "$etc/cdb/secrets"
check 'configuration was left alone' grep -q '^set shy' "$etc/qpopper.conf"
check 'poppassd was not put down again' \
    test ! -e "$etc/service/poppassd/down"
check 'nor was TLS' test ! -e "$etc/service/qpopper-tls/down"
# mail in a place of popper's as it is shipped, and in the middle of a session
mkdir -p "$root/var/mail"
for f in alice .alice.pop .alice.cache; do
	echo mail >"$root/var/mail/$f"
done
kept=$(cd "$root" && find opt/etc var ! -type d | sort)
check uninstall mk uninstall
check 'configuration, keys and mail are left, every file' \
    test "$(cd "$root" && find . ! -type d | sed 's|^\./||' | sort)" = "$kept"
# not into a package's tree: clients can come at once
mk_here() {
	PREFIX=$dir/here SYSCONFDIR=$dir/here/etc MANDIR=$dir/here/man \
	    LIBEXECDIR=$dir/here/lib EMPTYDIR=$dir/here/lib/empty \
	    RUNDIR=$dir/here/run DESTDIR='' sh -c 'cd "$0" && scripts/install' "$top"
}
check 'install in place' mk_here
check 'access.cdb is made' test -f "$dir/here/etc/cdb/access.cdb"
echo 127.:allow >"$dir/here/etc/cdb/access"
old=$(cksum "$dir/here/etc/cdb/access.cdb")
check 'install in place again' mk_here
check 'what is there is left alone' \
    test "$(cksum "$dir/here/etc/cdb/access.cdb")" = "$old"
check 'the program is gone' test ! -e "$root/opt/popper/sbin/popper"
check "and what log tools had" test ! -e "$root/opt/popper/share/popper"
check 'nor are others left' rmdir "$root/opt/popper/sbin"
check 'and so are those beside it' test ! -e "$root/opt/popper/lib/popper"
check 'manual pages are gone' \
    test -z "$(find "$root/opt/popper/share/man" ! -type d)"
check 'secrets are still there' grep -q '^alice:' "$etc/cdb/secrets"
echo "1..$n"
