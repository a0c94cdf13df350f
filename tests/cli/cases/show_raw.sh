mk all-kinds x.thc
tracehook show --raw x.thc 3 | od -c
tracehook show --raw=request x.thc 1
tracehook show --raw=response x.thc 1
tracehook show --raw x.thc 6 | wc -c
