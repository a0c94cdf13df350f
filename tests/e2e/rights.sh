#!/bin/bash
# Programs that give up root's rights, themselves or for what they execute: recorded and
# replayed, or noted. For root only.
. "$(dirname "$0")/lib.sh"
nobody=(setpriv --reuid=65534 --clear-groups)
if [ "$(id -u)" != 0 ] || ! "${nobody[@]}" true 2>/dev/null; then
	skip_all "only root can become another user"
fi
start_double

cat >drop.py <<P
import http.client, os, sys
def ask(who):
    connection = http.client.HTTPConnection("127.0.0.1", $DOUBLE_HTTP)
    connection.request("GET", "/v1/models", headers={"Host": "model.example.test"})
    print(who, os.geteuid(), len(connection.getresponse().read()), flush=True)
how = {"setuid": lambda: os.setuid(65534), "seteuid": lambda: os.seteuid(65534),
       "setreuid": lambda: os.setreuid(65534, 65534),
       "setresuid": lambda: os.setresuid(65534, 65534, 65534)}
for name in sys.argv[1:]:
    if name == "ask":
        ask("root")
    elif name == "fork":
        if os.fork() == 0:
            how["setuid"]()
            ask("child")
            os._exit(0)
        os.wait()
    else:
        how[name]()
        ask(name)
P
# Before anything was asked there is no live file yet.
for what in setuid seteuid setreuid setresuid "ask setuid" "fork ask"; do
	name=${what// /-}
	# shellcheck disable=SC2086
	record_and_replay "$name" /usr/bin/python3 drop.py $what
	equal "$what: all was recorded" "$(wc -l <"$name.rec")" "$(spans "$name.thc" | wc -l)"
done

# What is executed as somebody else cannot write root's capture.
other=("${nobody[@]}" cat /dev/null)
exits "who may not write the capture is not covered" 98 \
	"$tool" record --require-coverage -o other.thc -- "${other[@]}"
equal "and noted" "$(type -P cat): executed as a user who may not write the capture" \
	"$("$tool" dump --json other.thc |
		jq -r 'select(.kind == "left") | "\(.name): \(.status_reason)"')"
chmod 711 "$scratch"
mkdir -m 777 shared
recording shared/run.thc true
chmod 666 shared/run.thc
if "${nobody[@]}" test -r "$lib" -a -w shared/run.thc; then
	exits "who may is" 0 "$tool" record --require-coverage -o shared/run.thc -- "${other[@]}"
	other=("${nobody[@]}" curl -s "http://127.0.0.1:$DOUBLE_HTTP/v1/models")
	recording shared/run.thc "${other[@]}" >rec
	replaying shared/run.thc "${other[@]}" >rep
	same "and is replayed" rec rep
	holds "it did get something" grep -q object rep
else
	skip "who may write the capture" "others do not get at this place"
fi
