# Files that are not there, or are no captures.
says tracehook dump missing.thc
says tracehook show missing.thc 1
says tracehook replay missing.thc true
: >nothing.thc
says tracehook dump nothing.thc
echo "some text that is no capture" >text.thc
says tracehook dump text.thc
mkdir directory.thc
says tracehook dump directory.thc
says tracehook record -o text.thc true
cat text.thc
says tracehook record -o directory.thc true
says tracehook record -o no/such/directory.thc true
says tracehook record -o x.thc ./no-such-program
says tracehook record -o x.thc no-such-program
: >not-executable
says tracehook record -o x.thc ./not-executable
ls x.thc* 2>/dev/null
mk empty empty.thc
says tracehook dump empty.thc
says tracehook dump --json empty.thc
says tracehook show empty.thc 1
