# Keys and certificates of all kinds, made by openssl(1) in a folder.
package Certs;
use strict;
use warnings;
use Pop;

# No other configuration than what a certificate is given.
sub new {
	my ($class, $dir) = @_;
	my $self = bless { dir => $dir, n => 0 }, $class;
	Pop::spew("$dir/ca.conf", <<"END", 0600);
[ca]
default_ca = it
[it]
database = $dir/ca.db
new_certs_dir = $dir
policy = any
default_md = sha256
default_days = 90
rand_serial = yes
copy_extensions = none
unique_subject = no
[any]
commonName = optional
organizationName = optional
emailAddress = optional
[req]
distinguished_name = dn
string_mask = utf8only
[dn]
END
	Pop::spew("$dir/ca.db", '', 0600);
	return $self;
}

sub openssl {
	my ($self, @args) = @_;
	my $said = '';
	my $pid = open my $out, '-|';
	defined $pid or die "fork: $!\n";
	if ($pid == 0) {
		open STDERR, '>&', \*STDOUT or die;
		open STDIN, '<', '/dev/null' or die;
		chdir $self->{dir} or die;
		umask 077;
		exec 'openssl', @args or die "openssl: $!\n";
	}
	$said = join '', <$out>;
	close $out or die "openssl @args:\n$said";
	return $said;
}

# key(FILE, 'P-384') or an algorithm and options for openssl genpkey.
sub key {
	my ($self, $file, @kind) = @_;
	@kind = ('P-256') if !@kind;
	@kind = ('EC', "ec_paramgen_curve:$kind[0]", 'ec_param_enc:named_curve')
	    if @kind == 1 && $kind[0] =~ /-|^sec|^brain/;
	$self->openssl('genpkey', '-algorithm', shift @kind,
	    (map { ('-pkeyopt', $_) } @kind), '-out', $file);
	return $file;
}

# NAME.crt for NAME.key.  by: who signs it, else it itself; subject; days, or
# from and until as YYMMDDHHMMSSZ; md; ext: lines of extensions.
sub cert {
	my ($self, $name, %how) = @_;
	my $by = $how{by} // $name;
	my $ext = "$name.ext." . ++$self->{n};
	Pop::spew("$self->{dir}/$ext", ($how{ext} // '') . "\n", 0600);
	$self->openssl('req', '-new', '-config', 'ca.conf', '-key', "$name.key",
	    '-utf8', '-subj', $how{subject} // "/CN=$name",
	    '-out', "$name.csr");
	$self->openssl('ca', '-config', 'ca.conf', '-batch', '-notext',
	    '-preserveDN', '-keyfile', "$by.key",
	    ($by eq $name ? '-selfsign' : ('-cert', "$by.crt")),
	    ($how{md} ? ('-md', $how{md}) : ()),
	    ($how{from} ? ('-startdate', $how{from}) : ()),
	    ($how{until} ? ('-enddate', $how{until}) :
		('-days', $how{days} // 90)),
	    '-in', "$name.csr", '-extfile', $ext, '-out', "$name.crt");
	return "$name.crt";
}

# A file of others, one behind the other.
sub join_files {
	my ($self, $file, @parts) = @_;
	return $self->spew($file,
	    join '', map { Pop::slurp("$self->{dir}/$_") } @parts);
}

sub spew {
	my ($self, $file, $text) = @_;
	Pop::spew("$self->{dir}/$file", $text, 0600);
	return $file;
}

1;
