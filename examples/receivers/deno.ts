/** Deno: `deno run --allow-net --allow-env deno.ts`. */
import { toFetchHandler } from "@ringback/sdk/receive";
import { port, receiver } from "./receiver.ts";

Deno.serve({ port, hostname: "127.0.0.1" }, toFetchHandler(receiver));
