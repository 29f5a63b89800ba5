#!/bin/sh
# System users: passwd and shadow, in a private mount namespace with files of
# our own in their places.
here=$(cd "$(dirname "$0")" && pwd)
if [ "$(id -u)" != 0 ] || ! unshare -m true 2>/dev/null; then
	echo '1..0 # SKIP needs root and a mount namespace'
	exit 0
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
hash='$1$test$y5om.46xKlp/PNyzt6EF51'
today=$(($(date +%s) / 86400))
{
	cat /etc/passwd
	echo "sys1:x:20101:20101::$dir:/bin/sh"
	echo "locked:x:20102:20102::$dir:/bin/sh"
	echo "empty:x:20103:20103::$dir:/bin/sh"
	echo "gone:x:20104:20104::$dir:/bin/sh"
	echo "old:x:20105:20105::$dir:/bin/sh"
	echo "low:x:7:7::$dir:/bin/sh"
	echo "zero:x:0:0::$dir:/bin/sh"
	echo "plain:$hash:20106:20106::$dir:/bin/sh"
	echo "noshadow:x:20107:20107::$dir:/bin/sh"
	echo "ftponly:x:20108:20108::$dir:/bin/ftponly"
	echo "noshell:x:20109:20109::$dir:"
	echo "anyshell:x:20110:20110::$dir:/POPPER/ANY/SHELL"
} >"$dir/passwd"
{
	cat /etc/shadow
	echo "sys1:$hash:$today:0:99999:7:::"
	echo "locked:!$hash:$today:0:99999:7:::"
	echo "empty::$today:0:99999:7:::"
	echo "gone:$hash:$today:0:99999:7::$((today - 1)):"
	echo "old:$hash:$((today - 50)):0:10:7:::"
	echo "low:$hash:$today:0:99999:7:::"
	for user in zero ftponly noshell anyshell; do
		echo "$user:$hash:$today:0:99999:7:::"
	done
} >"$dir/shadow"
printf '# shells\n/bin/sh\n/bin/bash\n' >"$dir/shells"
chmod 644 "$dir/passwd"
chmod 640 "$dir/shadow"
exec unshare -m sh -c '
	mount --bind "$1/passwd" /etc/passwd &&
	    mount --bind "$1/shadow" /etc/shadow &&
	    mount --bind "$1/shells" /etc/shells || exit 1
	perl "$2/passwd.pl"' sh "$dir" "$here"
