/** Google Cloud Functions and Firebase, which keep the bytes in `request.rawBody`. */
import { http } from "@google-cloud/functions-framework";
import { toNodeHandler } from "@ringback/sdk/receive";
import { receiver } from "./receiver.ts";

http("webhooks", toNodeHandler(receiver));
