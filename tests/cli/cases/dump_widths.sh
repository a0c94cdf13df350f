# However narrow, no line is longer than asked; wide enough, nothing is shortened.
mk all-kinds x.thc
for width in 20 40 60 80 100; do
	COLUMNS=$width tracehook dump x.thc >out
	longest=$(/usr/bin/python3 -c "print(max(len(l.rstrip('\n')) for l in open('out')))")
	echo "$width: $((longest <= width))"
done
COLUMNS=60 tracehook dump x.thc
COLUMNS=300 tracehook dump x.thc
COLUMNS=nonsense tracehook dump x.thc | cmp - <(tracehook dump x.thc)
