/**
 * Real: the five commands of docs/guide/on-call.md in a shell, the server, the receiver, sockets. Replaced: the two
 * ports. The partner's old address refuses connections.
 */
import { expect, it } from "vitest";
import { refusing } from "./harness/dead-endpoints.ts";
import { isInstalled, runInShell } from "./harness/program.ts";
import { curlLines, readmeReceiver, readmeServer } from "./harness/readme.ts";
import { startReceiver } from "./harness/receiver.ts";
import { useServer } from "./harness/running-server.ts";
import { until, untilTrue } from "./harness/until.ts";

const server = useServer();

it('five commands lead from "billing gets nothing" to the cause and to the mending', async (test) => {
  if (!(await isInstalled("curl"))) test.skip("there is no curl on this machine");
  const commands = curlLines("docs/guide/on-call.md");
  expect(commands).toHaveLength(5);
  await using old = await refusing();
  await using partner = await startReceiver();
  const run = async (command = ""): Promise<unknown> => {
    const typed = command
      .replaceAll(readmeServer, new URL(server().url).host)
      .replaceAll(readmeReceiver, new URL(partner.url).host);
    return JSON.parse(await runInShell(`${typed} --show-error --fail-with-body`));
  };
  const { api } = server();
  await api.putTopic("orders");
  await api.subscribe("orders", "billing", { push: { url: `${old.url}/callback` }, retry: "none" });
  await api.subscribe("orders", "well", { push: { url: `${partner.url}/well` } });
  const published = await api.publishBatch(
    "orders",
    Array.from({ length: 30 }, (_, n) => ({ body: `order ${n}` })),
  );
  const [find, explain, mend, check, sendAgain] = commands;

  const found = await until(
    "a subscription is listed as unhealthy",
    () => run(find) as Promise<{ readonly items: readonly { readonly name: string; readonly counts: object }[] }>,
    ({ items }) => items.length > 0,
  );
  expect(found.items).toMatchObject([{ topic: "orders", name: "billing", failing: { error: "connect_refused" } }]);
  expect(await run(explain)).toMatchObject({
    items: expect.arrayContaining([
      expect.objectContaining({ errorCode: "connect_refused", errorDetail: expect.stringContaining("127.0.0.1") }),
    ]),
  });
  expect(await run(mend)).toMatchObject({ push: { url: `${partner.url}/callback` } });
  expect(await run(check)).toMatchObject({ verdict: "accepted", reply: { status: 200 } });
  expect(await run(sendAgain)).toMatchObject({ state: "running" });

  const arrived = (): ReadonlySet<string> => new Set(partner.at("/callback").map(({ messageId }) => messageId));
  await untilTrue("every message has arrived", () => published.every(({ id }) => arrived().has(id)));
});
