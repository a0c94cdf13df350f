mk all-kinds x.thc
says tracehook dump x.thc
