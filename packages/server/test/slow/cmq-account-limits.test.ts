/**
 * Real: the server as a child process, its database. Faked: topics and subscriptions up to the account's limits. Their
 * rows are written directly into the database.
 */
import { expect, it } from "vitest";
import { makeKeyPair, withMasterKey } from "../harness/cmq/account.ts";
import { fillAccount } from "../harness/cmq/full-account.ts";
import { SignedCaller } from "../harness/cmq/signed-caller.ts";
import { temporaryFolder } from "../harness/folder.ts";
import { Server } from "../harness/server.ts";

const subscription = { subscriptionName: "s", protocol: "http", endpoint: "http://127.0.0.1:9/" };

it("answers 4450 for a topic and a queue, and 4500 for a subscription, past the account's limits", async () => {
  await using folder = await temporaryFolder();
  const env = withMasterKey();
  const start = () => Server.start({ folder: folder.path, env });
  const before = await start();
  const pair = await makeKeyPair(before.api);
  {
    using caller = new SignedCaller(before.url, pair);
    await caller.ok("CreateTopic", { topicName: "full" });
    await caller.ok("Subscribe", { topicName: "full", ...subscription, subscriptionName: "full" });
    await caller.ok("CreateQueue", { queueName: "full" });
  }
  await before.stop();
  fillAccount(folder.path);
  await using server = await start();
  using caller = new SignedCaller(server.url, pair);
  const answers = [
    await caller.call("CreateTopic", { topicName: "more" }),
    await caller.call("CreateQueue", { queueName: "more" }),
    await caller.call("Subscribe", { topicName: "full", ...subscription }),
  ];
  expect(answers.map(({ code, message }) => `${code}${/^\(\d+\)/.exec(message)?.[0]}`)).toEqual([
    "4450(10610)",
    "4450(10220)",
    "4500(10480)",
  ]);
});
