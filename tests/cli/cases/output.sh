# A reader that goes away is no error to talk about; a full disk is.
mk all-kinds x.thc
tracehook dump --json x.thc | head -c 10
echo
tracehook dump x.thc >/dev/full
echo "exit $?"
tracehook show x.thc 1 >/dev/full
echo "exit $?"
