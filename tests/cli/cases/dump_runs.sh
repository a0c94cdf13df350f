mk two-runs x.thc
says tracehook dump x.thc
says tracehook dump --run a0 x.thc
says tracehook dump --run b x.thc
says tracehook dump --run bx x.thc
says tracehook dump --run cc x.thc
says tracehook dump --json --run b0 x.thc | jq -r 'select(type == "object").kind' 2>/dev/null
says tracehook dump x.thc --run A0
