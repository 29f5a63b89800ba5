# Packages of Debian's that tests ask things of, and that are never installed:
# each is unpacked under build, once.
package Unpacked;
use strict;
use warnings;
use Pop;

# The folder with the package's files, or undef: it cannot be had.
sub root {
	my ($package) = @_;
	my $store = "$Pop::TOP/build/$package";
	return "$store/root" if -e "$store/complete";
	mkdir "$Pop::TOP/build";
	my $code = system('sh', '-ec', <<'END', $store, $package);
mkdir -p "$0"
cd "$0"
exec 9>lock
flock 9
[ ! -e complete ] || exit 0
get() {
	timeout 60 apt-get -qq -o APT::Sandbox::User=root download "$1"
}
get "$1" 2>/dev/null || { timeout 60 apt-get -qq update && get "$1"; }
dpkg -x "$1"_*.deb root
rm "$1"_*.deb
: >complete
END
	return $code == 0 ? "$store/root" : undef;
}

1;
