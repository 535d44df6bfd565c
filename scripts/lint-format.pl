#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-only
#
# Usage: lint-format.pl FILE...
#
# Says where clang-format would space or indent a line differently. What the
# tool has no taste for is the author's: where a statement is broken and how
# far its later lines are indented, tables, macros, and aligned comments.
use strict;
use warnings;

my $bad = 0;
for my $file (@ARGV) {
	open(my $in, '<', $file) or die "$file: $!\n";
	my @old = <$in>;
	close $in;
	open(my $diff, '-|', 'sh', '-c',
		'clang-format "$1" | diff -U0 "$1" -', 'sh', $file) or die;
	my ($line, @minus, @plus) = (0);
	my $judge = sub {
		return unless @minus && @minus == @plus;
		for my $i (0 .. $#minus) {
			my ($was, $is) = ($minus[$i], $plus[$i]);
			my $before = $line + $i >= 2 ? $old[$line + $i - 2] : "\n";
			next if $was =~ /^\s*#|\\$/ || $was =~ m{\*/\s*$};
			# a later line of a statement, or an element of a table
			next if $before !~ /(?:[;{}]|\*\/|^\s*(?:case\b.*|\w+):|^)\s*$/;
			next if $was =~ /^\s*[.\[{]|,\s*$/;
			next if $was eq $is;
			print "$file:", $line + $i, ": $was    should be: $is";
			$bad = 1;
		}
	};
	while (<$diff>) {
		if (/^@@ -(\d+)/) {
			$judge->();
			($line, @minus, @plus) = ($1);
			@minus = @plus = ();
		} elsif (/^-(?!--)(.*)/s) {
			push @minus, $1;
		} elsif (/^\+(?!\+\+)(.*)/s) {
			push @plus, $1;
		}
	}
	$judge->();
	close $diff;
}
exit $bad;
