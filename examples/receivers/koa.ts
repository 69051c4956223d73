/** Koa, with a body parser before the receiver, which keeps the text in `context.request.rawBody`. */
import { toKoaMiddleware } from "@ringback/sdk/receive";
import Koa from "koa";
import bodyParser from "koa-bodyparser";
import { port, receiver } from "./receiver.ts";

const app = new Koa();
app.use(bodyParser());
app.use(toKoaMiddleware(receiver));
app.listen(port, "127.0.0.1");
