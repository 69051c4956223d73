import { serve } from "@hono/node-server";
import { createApp } from "./app.ts";
import { openDatabase } from "./database.ts";
import { Customers } from "./customers.ts";
import { provideMasterKey } from "./master-key.ts";
import { Outbox } from "./outbox.ts";
import { startRingback } from "./ringback.ts";

const port = Number(process.env["PORT"] ?? 3000);
const origin = `http://localhost:${port}`;

const { pool, url } = await openDatabase();
provideMasterKey("data/master.key");
const ringback = await startRingback(["--database", url, "--data", "data/ringback"]);
const outbox = new Outbox(pool, ringback);
const customers = new Customers(pool, ringback, origin);
outbox.start();
serve({ fetch: createApp(customers, outbox).fetch, hostname: "127.0.0.1", port }, () =>
  console.log(`The SaaS is at ${origin}, its Ringback at ${ringback.url}. Ctrl-C ends both.`),
);
