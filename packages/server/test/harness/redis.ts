import { spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { accepts } from "./accepts.ts";
import { freePort } from "./free-port.ts";
import { until } from "./until.ts";

export interface RedisServer extends AsyncDisposable {
  readonly port: number;
}

/** Starts the machine's own Redis. */
export async function realRedis(): Promise<RedisServer> {
  const port = await freePort();
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const child = spawn("redis-server", args, { stdio: "ignore" });
  const ended = once(child, "close");
  await until("Redis listens", () => accepts(port), Boolean);
  return {
    port,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** Starts a server that speaks the protocol of Redis, and knows the commands of `redisStore`. */
export async function fakedRedis(): Promise<RedisServer> {
  const values = new Map<string, { readonly value: string; readonly untilMs: number }>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let received = "";
    socket.on("error", () => undefined);
    socket.on("data", (piece) => {
      received += piece.toString("latin1");
      for (let next = commandIn(received); next !== null; next = commandIn(received)) {
        received = received.slice(next.length);
        socket.write(answerTo(next.words, values));
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Returns the first whole command: an array of bulk strings. */
function commandIn(received: string): { readonly words: readonly string[]; readonly length: number } | null {
  const head = /^\*(\d+)\r\n/.exec(received);
  if (head === null) return null;
  let length = head[0].length;
  const words: string[] = [];
  for (let at = 0; at < Number(head[1]); at++) {
    const size = /^\$(\d+)\r\n/.exec(received.slice(length));
    if (size === null) return null;
    const start = length + size[0].length;
    const end = start + Number(size[1]);
    if (received.length < end + 2) return null;
    words.push(received.slice(start, end));
    length = end + 2;
  }
  return { words, length };
}

function answerTo(words: readonly string[], values: Map<string, { value: string; untilMs: number }>): string {
  const [command = "", ...args] = words;
  const current = (key: string): string | null => {
    const entry = values.get(key);
    return entry !== undefined && Date.now() < entry.untilMs ? entry.value : null;
  };
  switch (command.toLowerCase()) {
    case "set": {
      const [key = "", value = "", , ms, condition] = args;
      if (condition === "NX" && current(key) !== null) return "$-1\r\n";
      values.set(key, { value, untilMs: Date.now() + Number(ms) });
      return "+OK\r\n";
    }
    case "get": {
      const value = current(args[0] ?? "");
      return value === null ? "$-1\r\n" : `$${value.length}\r\n${value}\r\n`;
    }
    // The script of `redisStore`, which deletes the key if it has this value.
    case "eval": {
      const [, , key = "", value] = args;
      return current(key) === value && values.delete(key) ? ":1\r\n" : ":0\r\n";
    }
    case "info":
      return "$0\r\n\r\n";
    default:
      return "+OK\r\n";
  }
}
