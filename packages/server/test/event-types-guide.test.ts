/** Real: the commands of docs/guide/event-types.md in a shell, the server, sockets. Replaced: the port. */
import { expect, it } from "vitest";
import { isInstalled, runInShell } from "./harness/program.ts";
import { curlLines, readmeServer } from "./harness/readme.ts";
import { useServer } from "./harness/running-server.ts";

const server = useServer();

const text = (command = "") =>
  runInShell(`${command.replaceAll(readmeServer, new URL(server().url).host)} --show-error`);

it("the commands of the guide answer what the guide says", async (test) => {
  if (!(await isInstalled("curl"))) test.skip("there is no curl on this machine");
  const commands = curlLines("docs/guide/event-types.md");
  expect(commands).toHaveLength(7);
  const run = async (command = ""): Promise<unknown> => JSON.parse(await text(command));
  const [list, demand, valid, invalid, deprecate, page, asyncApi] = commands;

  expect(await run(list)).toMatchObject({ type: "invoice.paid", version: "1" });
  expect(await run(demand)).toMatchObject({ accepts: { types: "listed", bodies: "valid" } });
  expect(await run(valid)).toMatchObject({ topic: "billing", seq: 1 });
  expect(await run(invalid)).toMatchObject({
    code: "invalid_body",
    detail: 'body: at "/amount": must be integer (event type invoice.paid, version 1)',
    errors: [{ field: "body", pointer: "/amount" }],
  });
  expect(await run(deprecate)).toMatchObject({ deprecated: true });
  expect(await run(valid)).toMatchObject({ deprecated: true });
  expect(await text(page)).toContain("<code>invoice.paid</code> (deprecated)");
  expect(await run(asyncApi)).toMatchObject({ asyncapi: "3.0.0" });
});
