# The runs of a capture, a line for each.
mk two-runs two.thc
says tracehook list two.thc
mk script a.thc <"$cases/agent.script"
says tracehook list a.thc
says tracehook list --json a.thc
says tracehook list --json two.thc
COLUMNS=60 says tracehook list a.thc
mk empty empty.thc
says tracehook list empty.thc
says tracehook list
says tracehook list missing.thc
says tracehook list --json two.thc more.thc
# A run by its number.
says tracehook dump --run '#2' two.thc
says tracehook dump --run '#9' two.thc
