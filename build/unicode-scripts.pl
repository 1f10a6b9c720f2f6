# Writes the tokenizers' table of scripts from Perl's Unicode database.
#
#   perl build/unicode-scripts.pl > src/DotMlx.LanguageModels/Tokenizers/Unicode/Scripts.txt
#
# Hugging Face's tokenizers use the scripts of Unicode 9.0, so later characters have none. Four characters had another script then.
use strict;
use warnings;
use Unicode::UCD qw(prop_invmap);

my @script = prop_invmap("Script");
my @age = prop_invmap("Age");
my %then = (0x589 => "Common", 0x61C => "Common", 0x953 => "Devanagari", 0x954 => "Devanagari");
my (%ranges, $start, $known);

sub at {
    my ($starts, $values, $point) = @_;
    my ($low, $high) = (0, $#$starts);
    while ($low < $high) {
        my $middle = int(($low + $high + 1) / 2);
        if ($starts->[$middle] <= $point) { $low = $middle } else { $high = $middle - 1 }
    }
    return $values->[$low];
}

for my $point (0 .. 0x110000) {
    my $name = "";
    if ($point < 0x110000 && at(@age[0, 1], $point) =~ /^V?(\d+)[._]/ && $1 <= 9) {
        $name = $then{$point} // at(@script[0, 1], $point);
        $name = "" if $name eq "Unknown";
    }
    next if defined $known && $name eq $known;
    push @{$ranges{$known}}, sprintf("%X-%X", $start, $point - 1) if $known;
    ($start, $known) = ($point, $name);
}
print "# The scripts of Unicode 9.0. Written by build/unicode-scripts.pl.\n";
print "$_ @{$ranges{$_}}\n" for sort keys %ranges;
