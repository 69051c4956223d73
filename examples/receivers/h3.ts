/** h3, version 2: its events have a Request. */
import { toFetchHandler } from "@ringback/sdk/receive";
import { H3, serve } from "h3";
import { port, receiver } from "./receiver.ts";

const handle = toFetchHandler(receiver);
const app = new H3().post("/webhooks", (event) => handle(event.req));
serve(app, { port, hostname: "127.0.0.1", silent: true });
