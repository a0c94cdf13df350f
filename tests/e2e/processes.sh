#!/bin/bash
# Process habits: 64 threads, a fork that goes on with its parent's connection, Python's three kinds
# of worker processes, a daemon that closes every descriptor, a chain of exec. Each process is a
# span below the one that started it, and a replay gives every one of them its own answers.
. "$(dirname "$0")/lib.sh"
start_double

cat >agent.py <<'A'
import http.client, multiprocessing, os, sys, threading, time

host, port = sys.argv[1:3]

def ask(path, connection=None):
    connection = connection or http.client.HTTPConnection(host, int(port))
    connection.request("GET", "/t/echo?" + path)
    return connection.getresponse().read().decode()

def worker(key):
    return ask("worker-%s" % key)

def threads():
    answers = {}
    def talk(key):
        answers[key] = ask("thread-%d" % key)
    running = [threading.Thread(target=talk, args=(key,)) for key in range(64)]
    for thread in running: thread.start()
    for thread in running: thread.join()
    for key in range(64): print(answers[key])

def inherited():
    connection = http.client.HTTPConnection(host, int(port))
    print(ask("parent", connection), flush=True)
    if os.fork() == 0:
        print(ask("child", connection), flush=True)
        os._exit(0)
    os.wait()
    print(ask("after", connection))

def daemon(path):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.chdir("/")
            os.closerange(0, 256)
            answer = ask("daemon")
            with open(path + "~", "w") as out: out.write(answer)
            os.rename(path + "~", path)
        os._exit(0)
    os.wait()
    while not os.path.exists(path): time.sleep(0.02)
    print(open(path).read(), flush=True)
    os.remove(path)

if __name__ == "__main__":
    threads()
    inherited()
    for method in ("fork", "spawn", "forkserver"):
        with multiprocessing.get_context(method).Pool(1) as pool:
            print(pool.map(worker, [method]), flush=True)
    daemon(os.path.abspath("daemon"))
    chain = "exec sh -c 'exec curl -sS http://%s:%s/t/echo?chain'" % (host, port)
    child = os.posix_spawn("/bin/sh", ["sh", "-c", chain], os.environ)
    os.waitpid(child, 0)
A
record_and_replay habits /usr/bin/python3 agent.py 127.0.0.1 "$DOUBLE_HTTP"
equal "all are recorded" 72 "$(spans habits.thc | wc -l)"
equal "nothing is missing" 0 "$("$tool" dump --json habits.thc | jq -rs \
	'map(select(.kind == "left" or .kind == "opaque")) | length')"
"$tool" dump --json habits.thc >habits.json
# Who asked, by what is above: the daemon's parent is gone, and still its parent.
above() { # PATH: how many processes stand above the one that asked for it
	jq -rs --arg path "$1" '
		(map(select(.kind == "process")) | INDEX(.span_id)) as $processes |
		def depth: if $processes[. // ""] then 1 + ($processes[.].parent_span_id | depth)
			else 0 end;
		map(select(.kind == "exchange" and (.url | endswith($path))))[0].parent_span_id |
		depth' habits.json
}
equal "the parent asks at the top" 1 "$(above 'echo?parent')"
equal "a forked child asks below it" 2 "$(above 'echo?child')"
equal "the daemon below the child that is gone" 1 "$(($(above 'echo?daemon') >= 2))"
equal "a chain of exec below" 1 "$(($(above 'echo?chain') >= 2))"
equal "workers below" 3 "$(for m in fork spawn forkserver; do above "worker-$m"; done |
	grep -cv '^[01]$')"
