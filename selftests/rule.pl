# SPDX-License-Identifier: GPL-2.0-only
#
# Usage: rule.pl 4|6 TABLE match|target NAME PORT
#
# Gives the kernel the rules of a table again and again, as iptables-legacy
# does, each time with one byte of the first match or target NAME changed: no
# user space of ours looks at it before the kernel does. With each that is
# accepted a datagram goes to PORT of the loopback address. Ends with the table
# as it was, and prints
#
#     accepted N refused N
#     ERRNO N                  how often it was the answer
#     OFFSET COUNT             of its data: how many changed bytes are accepted
#     data HEX                 all of it, as the kernel shows it
#
# No more of perl than perl-base has.
use strict;
use warnings;
use Errno;
use Socket;

my %errno = map { Errno->can($_)->() => $_ } grep { /^E[A-Z0-9]+$/ } keys %!;
my ($SYS_setsockopt, $SYS_getsockopt) = (54, 55);
my ($SET_REPLACE, $GET_INFO, $GET_ENTRIES) = (64, 64, 65);

my ($version, $table, $kind, $name, $port) = @ARGV;
die "usage: rule.pl 4|6 TABLE match|target NAME PORT\n" unless defined $port;
# struct ipt_entry and ip6t_entry: where target_offset is, and the size
my ($family, $level, $loopback, $at_offsets, $entry_size) = $version == 4 ?
	(AF_INET, 0, pack_sockaddr_in($port, inet_aton("127.0.0.1")), 88, 112) :
	(AF_INET6, 41, pack_sockaddr_in6($port, Socket::inet_pton(AF_INET6, "::1")), 140, 168);

socket(my $raw, $family, SOCK_RAW, 255) or die "socket: $!\n";
socket(my $udp, $family, SOCK_DGRAM, 0) or die "socket: $!\n";

# What the kernel answers to a question that has SIZE bytes.
sub get {
	my ($option, $question, $size) = @_;
	my $buffer = $question . "\0" x ($size - length $question);
	my $length = pack("I", $size);

	syscall($SYS_getsockopt, fileno($raw), $level, $option, $buffer, $length) == 0 or
		die "getsockopt $option: $!\n";
	return $buffer;
}

my $info = get($GET_INFO, pack("a32", $table), 84);
my ($hooks, $points, $count, $size) = unpack("x32 I a40 I I", $info);
my $entries = substr(get($GET_ENTRIES, pack("a32 I", $table, $size), 40 + $size), 40);

# 0, or the errno
sub replace {
	my ($rules) = @_;
	my $counters = "\0" x (16 * $count);
	my $request = pack("a32 I I I a40 I x![8] P", $table, $hooks, $count,
			   length $rules, $points, $count, $counters) . $rules;

	return 0 if syscall($SYS_setsockopt, fileno($raw), $level, $SET_REPLACE,
			    $request, length $request) == 0;
	return $! + 0;
}

# Where the data of the match or target NAME begins, and its size.
sub find {
	for (my $rule = 0; $rule < $size;) {
		my ($target, $next) = unpack("S S", substr($entries, $rule + $at_offsets, 4));
		my $at = $kind eq "target" ? $target : $entry_size;

		while ($at < $next) {
			my ($bytes, $found) = unpack("S Z29", substr($entries, $rule + $at, 31));
			return ($rule + $at + 32, $bytes - 32)
				if $found eq $name && ($kind eq "target" || $at < $target);
			$at += $bytes;
		}
		$rule += $next;
	}
	die "no rule of table $table has $kind '$name'\n";
}

my ($begin, $bytes) = find();
my ($accepted, $refused, %answers, %at) = (0, 0);

for my $i (0 .. $bytes - 1) {
	my $was = ord substr($entries, $begin + $i, 1);
	my %tried = ($was => 1);

	for my $byte (0, 255, $was ^ 1, $was ^ 128, ($was + 1) & 255) {
		next if $tried{$byte}++;
		my $rules = $entries;
		substr($rules, $begin + $i, 1) = chr $byte;
		my $answer = replace($rules);
		if ($answer) {
			$refused++;
			$answers{$errno{$answer} // $answer}++;
			next;
		}
		$accepted++;
		$at{$i}++;
		defined send($udp, "nflua", 0, $loopback) or die "send: $!\n";
	}
}
my $answer = replace($entries);
die "the rules as they were are refused: " . ($errno{$answer} // $answer) . "\n" if $answer;
print "accepted $accepted refused $refused\n";
print "$_ $answers{$_}\n" for sort keys %answers;
print "$_ $at{$_}\n" for sort { $a <=> $b } keys %at;
print "data ", unpack("H*", substr($entries, $begin, $bytes)), "\n";
