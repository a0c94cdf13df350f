says tracehook --version
says tracehook help
says tracehook help record
for command in dump list show spans stats tree record replay player; do
	tracehook $command --help >by-option
	tracehook help $command >by-command
	says cmp by-option by-command
done
ln -s "$tool" tracehook-dump
says ./tracehook-dump --help
