import { expect, it } from "vitest";
import { createClient } from "./client.ts";

/** An answer as browsers give it: with a body, even where HTTP has none. */
function browserAnswer(status: number): Response {
  const { headers } = new Response();
  const answer = { status, statusText: "", headers, ok: true, body: new Blob([]).stream() };
  return answer as unknown as Response;
}

it.each([204, 205])("takes an answer with %d from a browser, which has a body without bytes", async (status) => {
  const client = createClient({ url: "http://127.0.0.1:8000", fetch: async () => browserAnswer(status) });
  await expect(client.delete("/v1/topics/{topic}", { params: { path: { topic: "orders" } } })).resolves.toBeUndefined();
});
