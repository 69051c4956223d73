/** Express, in an application that parses JSON everywhere. */
import { toExpressHandler } from "@ringback/sdk/receive";
import express from "express";
import { port, receiver } from "./receiver.ts";

const app = express();
app.use(express.json({ verify: (request, _response, bytes) => Object.assign(request, { rawBody: bytes }) }));
app.post("/webhooks", toExpressHandler(receiver));
app.listen(port, "127.0.0.1");
