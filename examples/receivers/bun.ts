/** Bun: `bun run bun.ts`. */
import { toFetchHandler } from "@ringback/sdk/receive";
import { port, receiver } from "./receiver.ts";

Bun.serve({ port, hostname: "127.0.0.1", fetch: toFetchHandler(receiver) });
