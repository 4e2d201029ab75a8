#!/usr/bin/perl
# A Perl process elevates itself by syscall(), works on, and the module says that it is sticky.
use strict;
use warnings;

my ($QUERY, $ELEVATE, $LOWER) = (0, 1, 2);
my ($STICKY, $S_STICKY) = (1, 1 << 3);

my $file;
unless (open $file, '<', '/sys/module/kelevate/parameters/nr') {
	print "the module is not loaded\n";
	exit 77;
}
my $nr = int <$file>;

# struct kelevate_info: size, abi, features, state, ...
sub state {
	my $info = pack('LL', 152, 1) . "\0" x 144;
	syscall($nr, $QUERY, 0, $info) == 0 or die "query: $!";
	return (unpack 'LLQQ', $info)[3];
}

die 'sticky already' if state() & $S_STICKY;
syscall($nr, $ELEVATE, $STICKY, 0) == 0 or die "elevate: $!";
die 'not sticky' unless state() & $S_STICKY;
my $sum = 0;
$sum += $_ for 1 .. 200000;
die "sum $sum" unless $sum == 20000100000;
die 'not sticky any more' unless state() & $S_STICKY;
syscall($nr, $LOWER, 1, 0) == 0 or die "lower: $!";
die 'still sticky' if state() & $S_STICKY;
