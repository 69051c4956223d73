/** A server route of SvelteKit. */
import { createWebhookReceiver, messageText, toFetchHandler } from "@ringback/sdk/receive";

const receiver = createWebhookReceiver({
  secrets: process.env["WEBHOOK_SECRET"] ?? "",
  onMessage: (message) => console.log("received", message.messageId, messageText(message)),
});
const handle = toFetchHandler(receiver);

export const POST = ({ request }: { readonly request: Request }) => handle(request);
