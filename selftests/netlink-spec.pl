#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-only
#
# The netlink interface is told three times: in module/uapi/nflua.yaml, in
# module/uapi/nflua.h, and by the running kernel, which can be asked for its
# operations, groups and policy. They have to say the same. Without the module
# the last part is skipped.
use strict;
use warnings;
use FindBin;
use Socket;

my $uapi = $ENV{NFLUA_UAPI} // "$FindBin::Bin/../module/uapi";
my ($count, $failed) = (0, 0);

sub ok {
	my ($good, $what, $why) = @_;

	$count++;
	$failed++ unless $good;
	print $good ? "" : "not ", "ok $count $what\n";
	print "# $why\n" if !$good && defined $why;
}

sub is {
	my ($got, $want, $what) = @_;

	ok($got eq $want, $what, "got '$got', expected '$want'");
}

sub slurp {
	my ($path) = @_;

	open(my $file, '<', $path) or die "$path: $!\n";
	local $/;
	return <$file>;
}

# ---- the part of YAML that the spec uses: nested lists and maps, [a, b],
# ---- >- texts, anchors of maps

my (@lines, %anchors);

sub scalar_value {
	my ($text) = @_;

	return [ split /\s*,\s*/, $1 ] if $text =~ /^\[\s*(.*?)\s*\]$/;
	return $anchors{$1} if $text =~ /^\*(\S+)$/;
	die "no plain scalar: $text\n" if $text =~ /: | #/;
	return $text;
}

# The block of lines that are indented by at least $indent.
sub block {
	my ($indent) = @_;
	my $node;

	while (@lines) {
		my ($blanks, $text) = $lines[0] =~ /^( *)(.*)$/;
		my $at = length $blanks;

		last if $at < $indent;
		die "indentation of: $text\n" if $at > $indent;
		shift @lines;
		if ($text =~ /^-(?: (.*))?$/) {
			push @$node, defined $1 ? scalar_value($1) : block(next_indent());
			next;
		}
		my ($key, $value) = $text =~ /^([^:]+):\s*(.*)$/ or die "no YAML: $text\n";
		if ($value =~ /^>-?$/) {
			my @words;

			push @words, shift(@lines) =~ s/^\s+//r
				while @lines && $lines[0] =~ /^( *)/ && length $1 > $at;
			$node->{$key} = join ' ', @words;
		} elsif ($value eq '' || $value =~ /^&(\S+)$/) {
			my $anchor = $value eq '' ? undef : $1;

			$node->{$key} = block(next_indent());
			$anchors{$anchor} = $node->{$key} if defined $anchor;
		} else {
			$node->{$key} = scalar_value($value);
		}
	}
	return $node;
}

sub next_indent {
	return @lines && $lines[0] =~ /^( *)/ ? length $1 : 0;
}

@lines = grep { !/^\s*(#|$|---$)/ } split /\n/, slurp("$uapi/nflua.yaml");
my $spec = block(0);

# ---- the header: enumerators and defines

my (%c, $next);
my $header = slurp("$uapi/nflua.h");
$header =~ s{/\*.*?\*/}{}gs;
$c{$1} = $2 while $header =~ /^#define\s+(\w+)\s+(.+?)\s*$/mg;
$c{$_} = eval $c{$_} for grep { $c{$_} =~ /^[\d\s()*+<]+$/ } keys %c;
while ($header =~ /enum\s+\w+\s*\{(.*?)\}/gs) {
	my $value = 0;

	for my $item (split /,/, $1) {
		next unless $item =~ /(\w+)(?:\s*=\s*(\S.*?))?\s*$/;
		my ($name, $given) = ($1, $2);

		$value = eval $given if defined $given;
		$c{$name} = $value++;
	}
}

sub c_name {
	return uc($_[0]) =~ tr/-/_/r;
}

sub in_header {
	my ($name, $value) = @_;

	is($c{$name} // 'nothing', $value, "$name");
	delete $c{$name};
}

print "TAP version 13\n";
in_header(c_name($spec->{'c-family-name'}), "\"$spec->{name}\"");
in_header(c_name($spec->{'c-version-name'}), $spec->{version});

my %definitions;
for my $def (@{ $spec->{definitions} }) {
	$definitions{ $def->{name} } = $def;
	if ($def->{type} eq 'const') {
		in_header(c_name("nflua-$def->{name}"), $def->{value});
		next;
	}
	my $value = 0;

	for my $entry (@{ $def->{entries} }) {
		my $name = ref $entry ? $entry->{name} : $entry;

		in_header(c_name($def->{'name-prefix'} . $name),
			  $def->{type} eq 'flags' ? 1 << $value : $value);
		$value++;
	}
}

my (%attributes, %number);
for my $set (@{ $spec->{'attribute-sets'} }) {
	my $value = 1;

	for my $attr (@{ $set->{attributes} }) {
		$attributes{ $set->{name} }{ $attr->{name} } = $attr;
		$number{ $set->{name} }{ $attr->{name} } = $value;
		in_header(c_name($set->{'name-prefix'} . $attr->{name}), $value++);
	}
}

my $ops = $spec->{operations};
my $value = 1;
for my $op (@{ $ops->{list} }) {
	$op->{value} = $value;
	in_header(c_name($ops->{'name-prefix'} . $op->{name}), $value++);
}
in_header(c_name($_->{'c-define-name'}), "\"$_->{name}\"")
	for @{ $spec->{'mcast-groups'}{list} };

# What the spec has no word for: the ends of enumerations, and the rules' part.
my @left = grep { !/^_|_UNSPEC$|_MAX$|^XT_LUA_/ } sort keys %c;
ok(!@left, 'the header has nothing that the spec lacks', "@left");

# Every attribute that an operation names is one.
for my $op (@{ $ops->{list} }) {
	my @named = map { @{ $_->{attributes} // [] } } grep { ref }
		$op->{event}, map { ($_->{request}, $_->{reply}) }
		grep { ref } $op->{do}, $op->{dump};
	my @unknown = grep { !$attributes{ $op->{'attribute-set'} }{$_} } @named;

	ok(!@unknown, "attributes of $op->{name}", "@unknown");
}

# ---- the kernel

use constant { GENL_ID_CTRL => 16, GETFAMILY => 3, GETPOLICY => 10 };
my $seq = 1;

sub attr {
	my ($type, $data) = @_;

	return pack('SS a* x![4]', 4 + length $data, $type, $data);
}

# A hash of attributes by number; of several with one number the last.
sub attrs {
	my ($data) = @_;
	my %found;

	while (length $data >= 4) {
		my ($len, $type) = unpack('SS', $data);

		last if $len < 4 || $len > length $data;
		$found{ $type & 0x3fff } = substr($data, 4, $len - 4);
		$len = $len + 3 & ~3;
		$data = $len < length $data ? substr($data, $len) : '';
	}
	return \%found;
}

sub unsigned {
	my ($data) = @_;

	return unpack({ 1 => 'C', 2 => 'S', 4 => 'L', 8 => 'Q' }->{ length $data }, $data);
}

# The payloads that answer a request, or undef with the error in $!.
sub ask {
	my ($cmd, $flags, $more) = @_;
	my ($sock, @answers);
	my $payload = pack('CCS', $cmd, 1, 0) . attr(2, "$spec->{name}\0") . ($more // '');

	socket($sock, 16, SOCK_RAW, 16) or return undef;
	send($sock, pack('LSSLL', 16 + length $payload, GENL_ID_CTRL, 1 | $flags, $seq++, 0) .
	     $payload, 0, pack('SSLL', 16, 0, 0, 0)) or return undef;
	while (1) {
		defined recv($sock, my $data, 65536, 0) or return undef;
		while (length $data >= 16) {
			my ($len, $type) = unpack('LS', $data);
			my $message = substr($data, 16, $len - 16);

			$data = substr($data, $len + 3 & ~3);
			if ($type == 2 || $type == 3) {
				my $error = length $message >= 4 ? unpack('l', $message) : 0;

				$! = -$error;
				return $error ? undef : \@answers;
			}
			push @answers, attrs(substr($message, 4));
		}
	}
}

my $family = ask(GETFAMILY, 4);
if (!$family) {
	$count++;
	print "ok $count the running kernel # SKIP the module is not loaded\n1..$count\n";
	exit($failed ? 1 : 0);
}
$family = $family->[0];
is(unsigned($family->{3}), $spec->{version}, 'kernel: version');

# GENL_UNS_ADMIN_PERM, GENL_CMD_CAP_DO, GENL_CMD_CAP_DUMP
my %live = map { (unsigned($_->{1}) => unsigned($_->{2})) } map { attrs($_) }
	values %{ attrs($family->{6}) };
for my $op (@{ $ops->{list} }) {
	next if $op->{event};
	my $flags = delete $live{ $op->{value} } // 0;

	is($flags & 0x10 ? 'needed' : 'not needed', 'needed',
	   "kernel: $op->{name}: capability");
	is(join('', $flags & 2 ? 'do' : '', $flags & 4 ? 'dump' : ''),
	   join('', $op->{do} ? 'do' : '', $op->{dump} ? 'dump' : ''),
	   "kernel: $op->{name}: do and dump");
}
ok(!%live, 'kernel: no other operation', join ' ', keys %live);

my @groups = sort map { attrs($_)->{1} =~ tr/\0//dr } values %{ attrs($family->{7}) };
is("@groups", join(' ', sort map { $_->{name} } @{ $spec->{'mcast-groups'}{list} }),
   'kernel: groups');

# The policy of an operation, one attribute a message: each set of attributes has
# its own, which all operations with it share.
my %kinds = (u8 => 2, u16 => 3, u32 => 4, u64 => 5, s64 => 9, binary => 10, string => 12,
	     nest => 13);
for my $set (map { $_->{name} } @{ $spec->{'attribute-sets'} }) {
	my @ops = grep { $_->{do} && $_->{'attribute-set'} eq $set } @{ $ops->{list} };
	my %requested = map { ($_ => 1) } map { @{ $_->{do}{request}{attributes} } } @ops;
	my %names = reverse %{ $number{$set} };
	my (%policy, $answer);

	next unless @ops;
	for my $op (@ops) {
		my %one;

		$answer = ask(GETPOLICY, 0x300, attr(10, pack('L', $op->{value})));
		for my $message (@{ $answer // [] }) {
			next unless $message->{8};
			my ($index) = values %{ attrs($message->{8}) };
			my $one = attrs($index);

			$one{$_} = $one->{$_} for keys %$one;
		}
		ok(scalar %one, "kernel: $op->{name}: gives its policy", "$!");
		%policy = %one unless %policy;
		ok(join(' ', map { "$_=$one{$_}" } sort keys %one) eq
		   join(' ', map { "$_=$policy{$_}" } sort keys %policy),
		   "kernel: $op->{name}: that of all with the attributes of $set");
	}
	$policy{$_} = attrs($policy{$_}) for keys %policy;
	for my $name (sort keys %requested) {
		my $spec_attr = $attributes{$set}{$name};
		my $checks = $spec_attr->{checks} // {};
		my $live_attr = delete $policy{ $number{$set}{$name} } // {};

		is(defined $live_attr->{1} ? unsigned($live_attr->{1}) : 'nothing',
		   $kinds{ $spec_attr->{type} }, "kernel: type of $set $name");
		is(unsigned($live_attr->{7} // pack('C', 0)), $checks->{'max-len'},
		   "kernel: greatest length of $set $name") if defined $checks->{'max-len'};
		is(unsigned($live_attr->{5} // pack('C', 0)), $checks->{max},
		   "kernel: greatest value of $set $name") if defined $checks->{max};
		is(unsigned($live_attr->{4} // pack('C', 0)), $checks->{min},
		   "kernel: least value of $set $name") if defined $checks->{min};
		is(unsigned($live_attr->{12} // pack('C', 0)),
		   (1 << @{ $definitions{ $checks->{'flags-mask'} }{entries} }) - 1,
		   "kernel: bits of $set $name") if defined $checks->{'flags-mask'};
	}
	my @more = grep { unsigned($policy{$_}{1}) } keys %policy;
	ok(!@more, "kernel: takes nothing else of $set", join ' ', map { $names{$_} // $_ } @more);
}

print "1..$count\n";
exit($failed ? 1 : 0);
