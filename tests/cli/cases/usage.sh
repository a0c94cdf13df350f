# Usage errors: one line, exit 64.
says tracehook
says tracehook recrod
says tracehook frobnicate
says tracehook --frobnicate
says tracehook dump
says tracehook dump a b
says tracehook dump --nonsense a
says tracehook dump -x a
says tracehook dump --format
says tracehook dump --format=xml a
says tracehook show a
says tracehook show --raw=both a 1
says tracehook record
says tracehook record -o x.thc
says tracehook replay
says tracehook replay x.thc
says tracehook replay x.thc --
TRACEHOOK_ON_MISS=explode says tracehook replay x.thc true
says tracehook record -m nonsense true
says tracehook player --capture x
says tracehook player --capture x --directory y --pace fast
