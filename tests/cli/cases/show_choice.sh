mk all-kinds x.thc
id=$(tracehook dump --json x.thc | jq -r 'select(.number == 4).span_id')
tracehook show x.thc 4 >by-number
tracehook show x.thc '#4' | cmp - by-number
tracehook show x.thc "$id" | cmp - by-number
tracehook show x.thc "${id:0:9}" | cmp - by-number
tracehook show --run aa x.thc "$id" | cmp - by-number
tracehook show --json x.thc 4 | cmp - <(tracehook dump --json x.thc | grep "$id")
says tracehook show x.thc 0
says tracehook show x.thc '#8'
says tracehook show x.thc zz
says tracehook show x.thc ''
says tracehook show x.thc 00112233445566
mk two-runs two.thc
says tracehook show --raw=request two.thc 1 | head -n 1
says tracehook show --run b8 two.thc 2
# The same exchange of three runs: no prefix of nothing is unique.
says tracehook show two.thc '#'
