/** Real: a Chromium, the bundled client in a page of an allowed origin, the server, their sockets. Nothing is faked. */

import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { expect, it } from "vitest";
import { startChromium } from "./harness/chromium.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { listening } from "./harness/listening.ts";
import { startServerInProcess } from "./harness/server.ts";

/** Publishes, lists, pulls and watches, and shows the results as the page's title. */
const program = (url: string) => `<!doctype html><script type="module">
import { createClient, NotFoundError } from "/client.js";
const client = createClient({ url: ${JSON.stringify(url)} });
const results = [];
try {
  await client.publish("none", { body: "x" }).catch((error) => results.push(error instanceof NotFoundError));
  await client.put("/v1/topics/{topic}", { params: { path: { topic: "t" } }, body: {} });
  const path = { topic: "t", subscription: "s" };
  await client.put("/v1/topics/{topic}/subscriptions/{subscription}", { params: { path }, body: { pull: {} } });
  const events = client.events({ topic: "t", types: ["message.published"] });
  const first = events.next();
  const publisher = client.publisher("t");
  const timer = setInterval(() => publisher.publish({ body: "hello" }), 100);
  results.push((await first).value.type);
  clearInterval(timer);
  await events.return();
  for await (const message of client.pull("t", "s")) {
    results.push(message.body);
    await message.ack();
    break;
  }
} catch (error) {
  results.push(String(error));
}
document.title = results.join(" ");
</script>`;

it("the client runs in a browser", async ({ skip }) => {
  await using folder = await temporaryFolder();
  await using started = new AsyncDisposableStack();
  const chromium = await startChromium([]);
  if (typeof chromium === "string") {
    skip(chromium);
    return;
  }
  started.defer(() => chromium.close());
  const client = await bundledClient();
  let url = "";
  const pages = started.use(
    await listening((request, response) => {
      const isClient = request.url === "/client.js";
      response.setHeader("content-type", isClient ? "text/javascript" : "text/html");
      response.end(isClient ? client : program(url));
    }),
  );
  const args = ["--allowed-origins", new URL(pages.url).origin];
  ({ url } = started.use(await startServerInProcess({ folder: folder.path, args })));
  const page = await chromium.newPage();
  await page.goto(pages.url);
  await expect.poll(() => page.title()).toBe("true message.published hello");
});

async function bundledClient(): Promise<string> {
  const input = fileURLToPath(new URL("../../sdk/src/client/index.ts", import.meta.url));
  const bundle = await rolldown({ input, platform: "browser" });
  const { output } = await bundle.generate({ format: "esm", minify: true });
  await bundle.close();
  return output[0].code;
}
