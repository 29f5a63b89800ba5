#!/usr/bin/perl
# Can powercut.t fail?  Updates as programs that lose mail do them, written
# down by hand: the models must find that, and nothing in one that is right.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Crash;
use Test::More;

my $cannot = Crash::cannot();
plan skip_all => $cannot if $cannot;
my $c = Crash->new({ conf => '', left => ['new'], big => 0 });
$c->fresh;
my $before = $c->folder;
my $dir = $before->{dir};
my $spool = $before->{names}{alice};
my $new = '9:9';
my @gone = (3);
my $kept = join '', map { $c->{mail}{$_} } 1, 2, 4, 5;
my $at3 = length join '', map { $c->{mail}{$_} } 1, 2;
my $behind = join '', map { $c->{mail}{$_} } 4, 5;
my $owner = $c->{host}{uid} << 32 | $c->{host}{gid};

my $quit = PowerCut::note('?', 'QUIT is sent');
my $ok = PowerCut::raw('!', text => '+OK bye');
my $sync_dir = PowerCut::raw('s', file => $dir);
my $rename = PowerCut::raw('r', file => $new, dir => $dir, dir2 => $dir,
    text => "new\0alice");

sub put {
	my ($file, $at, $text) = @_;
	return PowerCut::raw('w', file => $file, a => $at, text => $text);
}
sub cut { return PowerCut::raw('t', file => $_[0], a => $_[1]) }
sub sync { return PowerCut::raw('s', file => $_[0]) }
sub datasync { return PowerCut::raw('d', file => $_[0]) }
sub create {
	return PowerCut::raw('c', file => $new, dir => $dir, a => 0660,
	    b => $owner, text => 'new');
}

# Name, record, which models have to find something wrong, and what is deleted.
# What is left in `new` is none of these programs' errors.
for (['truncated and written again, no sync',
	[$quit, cut($spool, 0), put($spool, 0, $kept), $ok], 'op'],
    ['truncated and written again, and synced',
	[$quit, cut($spool, 0), put($spool, 0, $kept), sync($spool), $ok],
	'op'],
    ['moved down in place without a journal',
	[$quit, put($spool, $at3, $behind), sync($spool),
	    cut($spool, length $kept), sync($spool), $ok], 'op'],
    ['cut off at the end, which is one step',
	[$quit, cut($spool, $at3), sync($spool), $ok], '', [3 .. 5]],
    ['cut off at the end, no sync before +OK',
	[$quit, cut($spool, $at3), $ok, sync($spool)], 'op', [3 .. 5]],
    ['renamed, the file never synced',
	[$quit, create(), put($new, 0, $kept), $rename, $sync_dir, $ok],
	'op'],
    ['renamed, the file synced afterwards',
	[$quit, create(), put($new, 0, $kept), $rename, sync($new),
	    $sync_dir, $ok], 'op'],
    ['renamed, the folder never synced',
	[$quit, create(), put($new, 0, $kept), sync($new), $rename, $ok],
	'op'],
    ['renamed, +OK before the folder is synced',
	[$quit, create(), put($new, 0, $kept), sync($new), $rename, $ok,
	    $sync_dir], 'op'],
    ['renamed, the wrong file synced',
	[$quit, create(), put($new, 0, $kept), sync($spool), $rename,
	    $sync_dir, $ok], 'op'],
    ['renamed before QUIT',
	[create(), put($new, 0, $kept), sync($new), $rename, $sync_dir,
	    $quit, $ok], 'op'],
    ['one message too few',
	[$quit, create(), put($new, 0, $behind), sync($new), $rename,
	    $sync_dir, $ok], 'op'],
    ['mail that came is not copied',
	[create(), put($new, 0, $kept),
	    PowerCut::note('a', "alice\0$c->{mail}{6}"), $quit, sync($new),
	    $rename, $sync_dir, $ok], 'op'],
    ['renamed as it should be',
	[$quit, create(), put($new, 0, $kept), sync($new), $rename,
	    $sync_dir, $ok], ''],
    ['the same with fdatasync',
	[$quit, create(), put($new, 0, $kept), datasync($new), $rename,
	    $sync_dir, $ok], '']) {
	my ($name, $record, $found, $gone) = @$_;
	for my $model (qw(ordered pessimistic)) {
		my $cut = PowerCut->new($before, join '', @$record);
		my $states = $cut->states(at => \&Crash::at,
		    models => [$model]);
		%{ $c->{seen} } = ();
		my @wrong = $c->wrong($gone || \@gone, @$states);
		if ($found =~ substr $model, 0, 1) {
			cmp_ok(@wrong, '>', 0, "$model finds: $name");
			note $wrong[0] if @wrong;
		} else {
			is_deeply(\@wrong, [], "$model: $name");
		}
	}
}

# What half of a write is, and what a file without its data.
is(length PowerCut::half('x' x 1200), 512, 'half of it in sectors');
is(length PowerCut::half('x' x 5000), 2048, 'half of a long one');
is(length PowerCut::half('x' x 100), 50, 'half of a short one');
my $cut = PowerCut->new($before, join '', create(), $sync_dir,
    put($new, 0, 'abcd'));
my $states = $cut->states(models => ['ordered']);
my %new = map { $_ => 1 } map {
	my $id = $_->{names}{new};
	defined $id ? $_->{files}{$id}{data} : 'none' } @$states;
is_deeply([sort keys %new], ['', "\0\0\0\0", 'abcd', 'none'],
    'data, size without data, no size, no name');
done_testing;
