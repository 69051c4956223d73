/** Cloudflare Workers. Secrets are bindings of the worker, so the receiver is created with the first request. */
import { createWebhookReceiver, messageText, toFetchHandler } from "@ringback/sdk/receive";

let handle: ReturnType<typeof toFetchHandler> | undefined;

export default {
  fetch(request: Request, env: { readonly WEBHOOK_SECRET: string }): Promise<Response> {
    handle ??= toFetchHandler(
      createWebhookReceiver({
        secrets: env.WEBHOOK_SECRET,
        onMessage: (message) => console.log("received", message.messageId, messageText(message)),
      }),
    );
    return handle(request);
  },
};
