#!/bin/bash
# Programs with a TLS library of their own: OpenSSL linked into a small client, and the official
# Node, whose functions are written over at the start (shim/inside.h).
. "$(dirname "$0")/lib.sh"
[ "$(uname -m)" = x86_64 ] || skip_all "only x86-64 can be written over"
start_double

# alone NAME COMMAND…: replayed with the double within reach, which must not be asked.
alone() {
	name=$1
	shift
	seen=$(double_saw connection)
	replaying_online "$name.thc" "$@" >"$name.near" 2>&1
	same "$name: replay beside a live server gives the recorded stdout" "$name.rec" "$name.near"
	equal "$name: and leaves it alone" "$seen" "$(double_saw connection)"
}

client=$build/tests/hosts/https_get_static
if [ -x "$client" ]; then
	record_and_replay static "$client" localhost "$DOUBLE_HTTPS" /v1/models /t/status/404
	equal "static: two exchanges" 2 "$(spans static.thc | wc -l)"
	equal "static: all of it was seen" "" "$(spans static.thc 'select(.truncated)')"
	alone static "$client" localhost "$DOUBLE_HTTPS" /v1/models /t/status/404
else
	skip "static" "there is no static OpenSSL here"
fi

# rustc, where it is rustup's, has a part of OpenSSL in it, and pip asks it for its version.
if [ -x "$client" ] && objcopy -N SSL_get_servername "$client" lacking 2>/dev/null; then
	exits "a library that cannot be followed: a gap when it talks" 98 "$tool" record \
		--require-coverage -o lacking.thc -- ./lacking localhost "$DOUBLE_HTTPS" /v1/models
	holds "which is told" grep -q 'localhost.*: TLS, not decoded' err
	exits "and none when it does not" 0 "$tool" record --require-coverage -o idle.thc -- \
		sh -c './lacking localhost 1 /; true'
else
	skip "a library that cannot be followed" "there is no static OpenSSL, or no objcopy here"
fi

node=$(command -v node)
if ! { [ -n "$node" ] && nm -D "$node" 2>/dev/null | grep -q ' T SSL_read$'; }; then
	skip "node" "there is no Node with an OpenSSL of its own here"
	exit
fi
export NODE_EXTRA_CA_CERTS=$SSL_CERT_FILE

cat >agent.mjs <<'P'
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import http2 from 'node:http2';
import https from 'node:https';
import { Worker, isMainThread, workerData } from 'node:worker_threads';
const base = process.argv[2] ?? workerData;
const say = console.log, text = async (path, options) => (await fetch(base + path, options)).text();
const get = url => new Promise((done, fail) => https.get(url, r => {
    let s = `${r.statusCode} ${r.socket.getPeerCertificate().fingerprint} `;
    r.on('data', d => s += d).on('end', () => done(s));
}).on('error', fail));
const http2get = path => new Promise((done, fail) => {
    const session = http2.connect(base).on('error', fail);
    let s = '';
    session.request({ ':path': path }).on('data', d => s += d)
        .on('end', () => { session.close(); done(s); }).end();
});
if (!isMainThread || process.argv[3] === 'child') {
    say(isMainThread ? 'child' : 'worker', await text('/v1/models'));
} else {
    say(await text('/v1/models'));
    const messages = [{ role: 'user', content: 'hello' }];
    const body = JSON.stringify({ model: 'double-1', stream: true, messages });
    say(await text('/v1/chat/completions', { method: 'POST', body }));
    say(await get(base + '/t/status/404'));
    say(await http2get('/v1/models'));
    say((await Promise.all([1, 2, 3, 4].map(i => get(`${base}/t/echo?${i}`)))).join('\n'));
    const big = await text('/t/echo', { method: 'POST', body: 'x'.repeat(3000000) });
    say(createHash('sha256').update(big).digest('hex'));
    const worker = new Worker(new URL(import.meta.url), { workerData: base });
    await new Promise(done => worker.on('exit', done));
    spawnSync(process.execPath, [process.argv[1], base, 'child'], { stdio: 'inherit' });
}
P
record_and_replay node "$node" agent.mjs "$https"
equal "node: all its requests" 11 "$(spans node.thc | wc -l)"
equal "node: all of it was seen" "" "$(spans node.thc 'select(.truncated)')"
alone node "$node" agent.mjs "$https"

# Node looks at the verdict when the handshake is over, and lets go before it has read anything.
cat >refuse.mjs <<'P'
import https from 'node:https';
for (const ask of [(u) => fetch(u), (u) => new Promise((done, no) =>
  https.get(u, { agent: false }, done).on('error', no))]) {
  await ask(process.argv[2] + '/v1/models').then(() => console.log('not refused'),
    (e) => console.log((e.cause ?? e).code));
}
P
unset NODE_EXTRA_CA_CERTS SSL_CERT_FILE
exits "node: a certificate that it refuses is no gap in coverage" 0 "$tool" record -q \
	--require-coverage -o refuse.thc -- "$node" refuse.mjs "$https"
cp out refuse.rec
equal "node: it refused" "UNABLE_TO_VERIFY_LEAF_SIGNATURE UNABLE_TO_VERIFY_LEAF_SIGNATURE" \
	"$(xargs <refuse.rec)"
exits "node: replayed" 0 "$tool" replay -q refuse.thc -- "$node" refuse.mjs "$https"
same "node: with the same refusal" refuse.rec out
