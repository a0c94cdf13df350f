#!/bin/bash
# A program in Go, which is linked statically and brings its own TLS: through --proxy. Go takes no
# proxy for localhost, so the server has another name, in a private hosts file.
home=$HOME
. "$(dirname "$0")/lib.sh"
command -v go >/dev/null || skip_all "there is no Go here"
unshare -m true 2>/dev/null && unshare -n true 2>/dev/null || skip_all "namespaces need root"
mkdir agent && cat >agent/main.go <<'P'
package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
)

func show(r *http.Response, err error) {
	if err != nil {
		fmt.Println("error:", err)
		return
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	fmt.Println(r.Proto, r.StatusCode, len(body), sha256.Sum256(body), err)
}

func main() {
	base := os.Args[1]
	show(http.Get(base + "/v1/models"))
	show(http.Get(base + "/t/status/503"))
	show(http.Post(base+"/t/echo", "text/plain", bytes.NewReader(make([]byte, 2000000))))
	var all sync.WaitGroup
	lines := make([]string, 8)
	for i := range lines {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			r, err := http.Get(fmt.Sprintf("%s/t/echo?%d", base, i))
			if err != nil {
				lines[i] = err.Error()
				return
			}
			defer r.Body.Close()
			body, _ := io.ReadAll(r.Body)
			lines[i] = string(body)
		}(i)
	}
	all.Wait()
	for _, line := range lines {
		fmt.Println(line)
	}
}
P
(cd agent && CGO_ENABLED=0 GO111MODULE=off GOCACHE=$home/.cache/tracehook-go GOPROXY=off \
	go build -o ../client main.go) >build.out 2>&1 ||
	skip_all "Go does not build: $(tail -n 1 build.out)"
printf '127.0.0.1 localhost model.example.test\n' >hosts
named() {
	unshare -m sh -c 'mount --bind "$0" /etc/hosts && exec "$@"' "$scratch/hosts" "$@"
}
unset no_proxy
start_double
base=https://model.example.test:$DOUBLE_HTTPS

fails "Go: without --proxy nothing of it is recorded" sh -c \
	"'$tool' record --require-coverage -o none.thc -- ./client '$base'"
exits "Go: recorded" 0 named "$tool" record --proxy -o r.thc -- ./client "$base"
cp out r.rec
equal "Go: over HTTP/2, with the server's answers" "HTTP/2.0 200 HTTP/2.0 503 HTTP/2.0 200" \
	"$(head -n 3 r.rec | cut -d' ' -f1,2 | xargs)"
equal "Go: all its requests" 11 "$(spans r.thc | wc -l)"
stop_double
exits "Go: replayed, where the name is not known" 0 "$tool" replay --proxy r.thc -- \
	./client "$base"
same "Go: as it was recorded" r.rec out
