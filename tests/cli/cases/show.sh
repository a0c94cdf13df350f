mk all-kinds x.thc
for number in 1 2 3 4 5 6 7; do says tracehook show x.thc "#$number"; done
