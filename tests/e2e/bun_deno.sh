#!/bin/bash
# Bun (BoringSSL inside) and Deno (rustls inside), as npm brings them: through the relay.
. "$(dirname "$0")/lib.sh"
packages=${RUNTIMES:-$top/build/runtimes}/node_modules
bun=$packages/@oven/bun-linux-x64/bin/bun deno=$packages/@deno/linux-x64-glibc/deno
[ -x "$bun" ] || bun=$(command -v bun)
[ -x "$deno" ] || deno=$(command -v deno)
[ -n "$bun$deno" ] || skip_all "neither bun nor deno is here (script/runtimes --install)"
start_double
mkdir tmp && export TMPDIR=$scratch/tmp # where the relay's directory goes
export DENO_NO_UPDATE_CHECK=1 DENO_DIR=$scratch/deno NODE_EXTRA_CA_CERTS=$DOUBLE_CA
export DO_NOT_TRACK=1 BUN_RUNTIME_TRANSPILER_CACHE_PATH=0

cat >agent.mjs <<'P'
import { createHash } from "node:crypto";
import { spawnSync } from "node:child_process";
const base = process.argv[2];
async function show(path, options) {
  const r = await fetch(base + path, options);
  console.log(r.status, await r.text());
}
if (process.argv[3]) {
  await show("/t/echo?child");
} else {
  await show("/v1/models");
  await show("/t/status/503");
  const ask = { model: "double-1", stream: true, messages: [{ role: "user", content: "hi" }] };
  await show("/v1/chat/completions",
    { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(ask) });
  const big = await fetch(base + "/t/echo", { method: "POST", body: "x".repeat(3000000) });
  const sum = createHash("sha256").update(Buffer.from(await big.arrayBuffer())).digest("hex");
  console.log(big.status, sum);
  const many = [...Array(8).keys()].map((i) => fetch(base + "/t/echo?" + i).then((r) => r.text()));
  console.log((await Promise.all(many)).join("\n"));
  const permit = globalThis.Deno ? ["-A"] : [];
  const child = spawnSync(process.execPath, ["run", ...permit, "agent.mjs", base, "child"]);
  console.log("child:", child.stdout.toString());
  try {
    await fetch(base.replace("localhost", "127.0.0.2") + "/v1/models");
    console.log("not refused");
  } catch {
    console.log("refused: a name that the certificate has not");
  }
}
P

# both NAME COMMAND…
both() {
	local name=$1
	shift
	exits "$name: recorded, and all of it was seen" 0 "$tool" record --require-coverage \
		-o "$name.thc" -- "$@" agent.mjs "$https"
	cp out rec
	equal "$name: with the server's answers" "200 503 200 200" \
		"$(grep -oE '^(200|503) ' rec | xargs)"
	equal "$name: the child's, too" 1 "$(grep -c '^child: 200' rec)"
	equal "$name: refusing whom it would refuse" 1 "$(grep -c '^refused' rec)"
	equal "$name: all its requests" 13 "$(spans "$name.thc" | wc -l)"
	exits "$name: replayed" 0 "$tool" replay "$name.thc" -- "$@" agent.mjs "$https"
	same "$name: as it was recorded" rec out
}
[ -z "$bun" ] || both bun "$bun" run
[ -z "$deno" ] || both deno "$deno" run -A
exit 0
