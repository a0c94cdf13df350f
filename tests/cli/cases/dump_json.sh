mk all-kinds x.thc
tracehook dump --json x.thc | jq .
