/** Real: the HTTP application with the APIs of other systems, and its listeners. Faked: the store, in memory. */

import { afterEach, expect, it } from "vitest";
import { listen } from "../api/testing/raw-connection.ts";
import { createTestApp, type TestApp } from "../api/testing/test-app.ts";
import { Listeners } from "../http/listeners.ts";
import { addTestApis } from "./testing/test-gateway.ts";

let test: TestApp;
afterEach(() => test.app.close());

async function ask(port: number, path: string, method: string): Promise<{ status: number; body: string }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
  return { status: response.status, body: await response.text() };
}

it("serves the APIs of other systems on the main listener only", async () => {
  const anyPort = { host: "127.0.0.1", port: 0 };
  const listeners = new Listeners({ addresses: { ops: anyPort, public: anyPort } });
  test = await createTestApp({}, { listeners });
  await addTestApis(test);
  const main = await listen(test.app);
  const paths = ["/v2/index.php?Action=ListTopic", "/?Action=DescribeCmqTopics&Version=2020-02-17", "/api/"];
  for (const name of ["ops", "public"] as const) {
    const port = (await listeners.open(name))?.port ?? 0;
    for (const path of paths) {
      for (const method of ["GET", "POST"]) {
        const { status, body } = await ask(port, path, method);
        expect([name, path, method, status, JSON.parse(body).code]).toEqual([
          name,
          path,
          method,
          404,
          "route_not_found",
        ]);
      }
    }
  }
  expect((await ask(main, paths[0] ?? "", "GET")).status).toBe(200);
});
