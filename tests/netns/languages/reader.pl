# SPDX-License-Identifier: Apache-2.0
# reader.pl PAGE
use strict;
use warnings;
use Digest::SHA qw(sha256);
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC sleep time);

open(my $page, '+<', $ARGV[0]) or die;
my $text     = '7' x 16384;
my $expected = sha256($text);
my ($rounds, $wrong, $steps_back, $before) = (0, 0, 0, 0);
while (1) {
	my ($steady, $wall) = (clock_gettime(CLOCK_MONOTONIC), time());
	$steps_back++ if $steady < $before;
	$before = $steady;
	$wrong++ if sha256($text) ne $expected;
	$rounds++;
	sysseek($page, 0, 0);
	# As the page begins (tests/netns/readers.h).
	syswrite($page, pack('QQQQqq', $rounds, $rounds, $wrong, $steps_back, $wall * 1e9, $steady * 1e9));
	sleep(0.001);
}
