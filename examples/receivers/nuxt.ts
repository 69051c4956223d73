/**
 * Nuxt and Nitro, which use h3, version 1. In an application, the file of the server route has only the event
 * handler, as its default export.
 */
import { createServer } from "node:http";
import { toFetchHandler } from "@ringback/sdk/receive";
import { createApp, createRouter, defineEventHandler, toNodeListener, toWebRequest } from "h3-1";
import { port, receiver } from "./receiver.ts";

const handle = toFetchHandler(receiver);
const webhooks = defineEventHandler((event) => handle(toWebRequest(event)));

const app = createApp().use(createRouter().post("/webhooks", webhooks));
createServer(toNodeListener(app)).listen(port, "127.0.0.1");
