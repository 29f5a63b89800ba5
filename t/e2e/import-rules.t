#!/usr/bin/perl
# What import-qpopper makes of hosts.allow, hosts.deny and xinetd's lists: as
# libwrap's tcpdmatch decides them, or closed, and left to the administrator.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../../scripts";
use Import::Rules;
use Test::More;

# The lines of cdb/access, in their order.
sub rules {
	my ($allow, $deny, $want, $what) = @_;
	is(join(' | ', Import::Rules::of_wrappers('qpopper', $allow, $deny)), $want, $what);
}

rules('', '', '', 'no files');
rules("sshd: ALL\n", "sshd\@10.0.0.1, vsftpd: ALL\n", '', 'other services');
rules("qpopper: 10.\n", "ALL: ALL\n", '10.:allow | :deny', 'a network');
rules('', "QPOPPER: 192.0.2.6\n", '192.0.2.6:deny | :allow', 'a name in any case');
rules("qpopper: 10.\n", "all: all\n", '10.:allow | :deny', 'ALL, too');
rules('', "ALL: 192.0.2.6 ,\\\n 192.0.2.7\n", '192.0.2.6:deny | 192.0.2.7:deny | :allow',
    'a line that goes on');

# what has no rule never ends as open
rules("qpopper: ALL except 192.0.2.6\n", "ALL: ALL\n",
    '# by hand, allow: ALL except 192.0.2.6 | :deny', 'EXCEPT in any case');
rules("qpopper: 10.\n", "ALL: ALL EXCEPT LOCAL\n",
    '10.:allow | # by hand, deny: ALL EXCEPT LOCAL | :deny', 'EXCEPT that denies');
rules("ALL: .example.net : deny\nALL: 10.\nALL: ALL\n", '', '# by hand, deny: .example.net | ' .
    '# by hand, allow: 10. | # by hand, allow: ALL | :deny', 'and none behind it is let in');
rules('', "ALL EXCEPT in.ftpd: 192.0.2.6\n",
    '# by hand, deny: ALL EXCEPT in.ftpd: 192.0.2.6 | :deny', 'EXCEPT among names');
rules('', "$_: 192.0.2.6\n", "# by hand, deny: $_: 192.0.2.6 | :deny", "the name $_")
    for '*popper', 'qpoppe?', '.per', 'qp.', '110', 'KNOWN', '/etc/names',
    'qpopper@192.0.2.1', 'ALL@192.0.2.1';
rules('', "qpopper: $_\n", "# by hand, deny: $_ | :deny", "the client $_")
    for 'host.example.org', '192.0.*.6', 'root@192.0.2.6', '[2001:db8::]/32',
    '@group', '/etc/list';

# addresses that libwrap never matches
rules("qpopper: $_\n", "ALL: ALL\n", "# by hand, allow: $_ | :deny", "$_ is no network")
    for '10', '10.1', '10.1/16', '10.1.2.3/8', '10.1.2.3/255.0.0.0', '0.0.0.0/0', '010.1.2.3',
    '10.1.2.256';
rules("qpopper: 10.1.16.0/20 192.0.2.0/255.255.255.0\n", "ALL: ALL\n",
    '10.1.16-31.:allow | 192.0.2.:allow | :deny', 'right ones');
rules("qpopper: 0.0.0.0/0.0.0.0\n", "ALL: ALL\n", ':allow', 'a mask of no bits');
rules("qpopper: 0.0.0.0\n", "ALL: ALL\n", '0.0.0.0:allow | :deny', 'not all addresses');
rules("qpopper: [2001:0DB8::0:1]\n", "ALL: ALL\n", '2001:db8::1:allow | :deny',
    'IPv6 as tcpserver writes it');

# the verdict
rules("qpopper: ALL: $_->[0]\n", "ALL: ALL\n", ":$_->[1]", "with $_->[0]") for
    ['severity mail.info', 'allow'], ['severity mail.info : DENY', 'deny'],
    ['spawn echo a\\:deny', 'allow'], ['twist /bin/echo allow', 'deny'],
    ['aclexec /bin/false', 'deny'], ['deny : severity mail.info', 'deny'],
    ['nonsense', 'deny'];
rules('', "qpopper: 192.0.2.: twist /bin/echo allow\n", '192.0.2.:deny | :allow',
    'a word at the end of a command');
rules('', "qpopper: 192.0.2.6: allow\nqpopper: ALL\n", '192.0.2.6:allow | :deny',
    'hosts.deny can allow');
rules("qpopper: [192.0.2.6 : allow\n", '', '# by hand, deny: [192.0.2.6 : allow | :deny',
    'a bracket that is open');
rules('qpopper: ALL', "ALL: ALL\n", ':deny', 'a last line without its end');

# the first line there, the longest one here
rules("qpopper: 192.0.2. : deny\nqpopper: 192.0.2.6\n", '', '192.0.2.:deny | :allow',
    'what an earlier one holds is dropped');
rules("qpopper: 192.0.2.\n", "qpopper: 192.0.2.6 198.51.100.\n",
    '192.0.2.:allow | 198.51.100.:deny | :allow', 'of the other file, too');
rules("qpopper: 10.1.16.0/20\nqpopper: 10.1.17.9 10.1.32.0/24:deny\n", '',
    '10.1.16-31.:allow | 10.1.32.:deny | :allow', 'in a range');
rules("qpopper: 192.0.2.6 : deny\nqpopper: 192.0.2.\n", "ALL: ALL\n",
    '192.0.2.6:deny | 192.0.2.:allow | :deny', 'what is wider stays');
rules("qpopper: ALL\nqpopper: 192.0.2.6 [2001:db8::1]: deny\n", '', ':allow', 'all is all');

sub xinetd {
	my ($only, $no, $want, $what) = @_;
	is(join(' | ', Import::Rules::of_xinetd($only, $no)), $want, $what);
}
xinetd(['192.0.2.0', '10.1'], undef, '192.0.2.:allow | 10.1.:allow | :deny', 'only_from');
xinetd(['192.0.2.6', '192.0.2.7', '192.0.2.7'], ['192.0.2.6'],
    '192.0.2.6:deny | 192.0.2.7:allow | :deny', 'an address that is there twice');
xinetd(undef, ['192.0.2.6'], '192.0.2.6:deny | :allow', 'no_access');
xinetd(undef, ['host.example.org'], '# by hand, deny: host.example.org | :deny', 'a name');
xinetd(['192.0.2.0'], ['host.example.org'], '# by hand, deny: host.example.org | ' .
    '# by hand, allow: 192.0.2. | :deny', 'which could be any address');
done_testing;
