#!/usr/bin/python3
"""A small agent in Python: urllib and nothing else, nothing that knows of tracehook.

It asks a model, runs the tools that the model wants until there are none left, and prints the
final answer as it streams in. OPENAI_BASE_URL, OPENAI_API_KEY and TOOL_URL say where things are.
"""

import json
import os
import sys
import urllib.request

MODEL = "gpt-4.1-mini"
TOOLS = [{"type": "function", "function": {
    "name": "weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}]


def post(url, body, **headers):
    request = urllib.request.Request(url, json.dumps(body).encode(),
                                     {"Content-Type": "application/json", **headers})
    return urllib.request.urlopen(request, timeout=30)


def chat(messages, **more):
    return post(os.environ["OPENAI_BASE_URL"] + "/chat/completions",
                {"model": MODEL, "messages": messages, **more},
                Authorization="Bearer " + os.environ["OPENAI_API_KEY"])


def run_tool(function):
    with post(os.environ["TOOL_URL"] + "/" + function["name"],
              json.loads(function["arguments"])) as answer:
        return json.load(answer)["result"]


def ask_for_tools(messages):
    """One turn; True when the model wanted tools and `messages` grew by what they said."""
    with chat(messages, tools=TOOLS) as answer:
        message = json.load(answer)["choices"][0]["message"]
    if not message.get("tool_calls"):
        return False
    messages.append(message)
    for call in message["tool_calls"]:
        result = run_tool(call["function"])
        print("tool: ", result)
        messages.append({"role": "tool", "tool_call_id": call["id"], "content": result})
    return True


def stream_answer(messages):
    print("model: ", end="")
    with chat(messages, stream=True) as answer:
        for line in answer:
            if line.startswith(b"data: {"):
                delta = json.loads(line[6:])["choices"][0]["delta"]
                print(delta.get("content") or "", end="", flush=True)
    print()


def main():
    question = sys.argv[1] if len(sys.argv) > 1 else "What is the weather in Ghent?"
    messages = [{"role": "user", "content": question}]
    while ask_for_tools(messages):
        pass
    stream_answer(messages)


if __name__ == "__main__":
    main()
