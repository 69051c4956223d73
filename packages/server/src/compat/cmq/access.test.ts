/** Real: the CMQ API with all its actions, and API keys. Faked: the store, in memory. */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { roles, type Role } from "../../domain/access-rules.ts";
import { limits } from "../../domain/limits.ts";
import { settingsDefault } from "../../engine/accounts/account-settings.ts";
import { actions } from "./actions.ts";
import { tc3Actions } from "./tc3-actions.ts";
import { tc3Request } from "./testing/tc3-requests.ts";
import { cmqScene, secretKey, type Params, type Scene } from "./testing/scene.ts";

let scene: Scene;
beforeEach(async () => {
  scene = await cmqScene();
});
afterEach(() => scene.app.close());

const idOf = (role: string): string => `AKIDof-${role}`;

/** Creates a key that signs with the SecretKey of the scene. */
async function key(
  name: string,
  grant: { role?: Role; topics?: string[]; expiresAtMs?: number } = {},
): Promise<string> {
  const { role = "admin", topics = null, expiresAtMs = null } = grant;
  const settings = { name, role, topics, allAccounts: role === "operator", expiresAtMs };
  await scene.apiKeys.create(settings, { secretId: idOf(name), secretKey });
  return idOf(name);
}

/** The roles besides operator and admin that may use an action. */
const mayUse = (action: string): readonly Role[] => {
  if (/^(?:Batch)?(?:Publish|Send)Message$/.test(action)) return ["publish"];
  if (/^(?:Batch)?(?:Receive|Delete)Message$/.test(action)) return ["consume"];
  return /^(?:Get|List)/.test(action) ? ["read"] : [];
};

describe("every action of CMQ's API", () => {
  it("is refused for a key whose role is not enough, and served for the others", async () => {
    const ids = new Map<Role, string>();
    for (const role of roles) ids.set(role, await key(role, { role }));
    for (const [action] of actions) {
      for (const [role, SecretId] of ids) {
        const refused = (await scene.code(action, { SecretId, topicName: "t", queueName: "q" })) === forbidden;
        const isServed = role === "operator" || role === "admin" || mayUse(action).includes(role);
        expect([action, role, refused]).toEqual([action, role, !isServed]);
      }
    }
  });

  it("is refused without a key, with an expired one and with an unknown one", async () => {
    const expired = await key("old", { expiresAtMs: scene.clock.nowMs });
    for (const [action] of actions) {
      const unknown = await scene.code(action, { SecretId: idOf("nobody") });
      expect([action, unknown]).toEqual([action, await scene.code(action, { SecretId: expired })]);
      expect([action, (await scene.send("POST", `Action=${action}`)).code]).toEqual([action, 4100]);
      scene.clock.nowMs += limits.authFailureForgottenMs;
    }
  });

  it("is refused for a key whose role is not enough in the newer API, too", async () => {
    const ids = new Map<Role, string>();
    for (const role of roles) ids.set(role, await key(role, { role }));
    const timestampS = Math.floor(scene.clock.nowMs / 1000);
    for (const action of tc3Actions.keys()) {
      for (const [role, id] of ids) {
        // Another payload each time, because equal requests are replays.
        const payload = JSON.stringify({ TopicName: "t", QueueName: `${role}-${action}` });
        const sent = tc3Request({ action, timestampS, payload, secretId: id });
        const { Error: error } = (await scene.app.inject(sent)).json().Response;
        const isServed = role === "operator" || role === "admin" || mayUse(oldName(action)).includes(role);
        expect([action, role, error?.Code === "UnauthorizedOperation"]).toEqual([action, role, !isServed]);
      }
    }
  });

  it("acts on the account of the key, and sees nothing of another", async () => {
    await scene.call("CreateTopic", { topicName: "mine" });
    await scene.call("CreateQueue", { queueName: "mine" });
    const { account } = await scene.accounts.put("rival", settingsDefault);
    const settings = { name: "rival", role: "admin" as const, topics: null, allAccounts: false, expiresAtMs: null };
    const SecretId = idOf("rival");
    await scene.servicesOf(account.accountId).apiKeys.create(settings, { secretId: SecretId, secretKey });
    for (const [action] of actions.filter(([name]) => !/^(?:Create|List)/.test(name))) {
      const ask = async (name: string) => {
        const answer = await scene.call(action, { SecretId, topicName: name, queueName: name, subscriptionName: "s" });
        return { ...answer, message: answer.message.replace(name, "…"), requestId: "" };
      };
      expect([action, await ask("mine")]).toEqual([action, await ask("none")]);
    }
    expect(await scene.call("ListTopic", { SecretId })).toMatchObject({ totalCount: 0 });
    expect(await scene.call("ListQueue", { SecretId })).toMatchObject({ totalCount: 0 });
  });

  it("is limited to the topics of the key", async () => {
    const SecretId = await key("limited", { topics: ["orders*"] });
    for (const topicName of ["orders", "invoices"]) await scene.call("CreateTopic", { topicName });
    expect(await scene.code("GetTopicAttributes", { SecretId, topicName: "orders" })).toBe("0");
    for (const topicName of ["invoices", "nothing"]) {
      expect(await scene.code("GetTopicAttributes", { SecretId, topicName })).toBe(forbidden);
    }
  });

  it("is refused for a key that is limited to topics if it is about anything else, whatever topic is named", async () => {
    const SecretId = await key("limited", { topics: ["orders*"] });
    const parameters = { SecretId, topicName: "orders", subscriptionName: "s", queueName: "q" };
    const served = [];
    for (const [action] of actions) if ((await scene.code(action, parameters)) !== forbidden) served.push(action);
    expect(served).toEqual(topicActions);
    const queue = { ...parameters, protocol: "QUEUE", endpoint: "q", notifyContentFormat: "SIMPLIFIED" };
    expect(await scene.code("Subscribe", queue)).toBe(forbidden);

    const newServed = [];
    const timestampS = Math.floor(scene.clock.nowMs / 1000);
    for (const action of tc3Actions.keys()) {
      const payload = JSON.stringify({ TopicName: "orders", SubscriptionName: "s", QueueName: action });
      const sent = tc3Request({ action, timestampS, payload, secretId: SecretId });
      const { Error: error } = (await scene.app.inject(sent)).json().Response;
      if (error?.Code !== "UnauthorizedOperation") newServed.push(action);
    }
    expect(newServed.toSorted()).toEqual(newTopicActions);
  });
});

/** Sends `authFailuresMax` requests, so many that a client is slowed down if each is a guess. Returns the codes. */
const codesOf = async (params: (count: number) => Params): Promise<string[]> => {
  const codes: string[] = [];
  for (let count = 0; count < limits.authFailuresMax; count++) {
    codes.push(await scene.code("ListQueue", params(count)));
  }
  return codes;
};

describe("a client that guesses", () => {
  const throttled = "4420/10250";
  it("is slowed down after wrong signatures and unknown SecretIds, until a failure is forgotten", async () => {
    // The SecretKey of the scene does not sign for this key.
    const SecretId = idOf("other");
    const settings = { name: "other", role: "admin" as const, topics: null, allAccounts: false, expiresAtMs: null };
    await scene.apiKeys.create(settings, { secretId: SecretId, secretKey: "another".repeat(5) });
    const codes = await codesOf((count) => ({ SecretId: count % 2 === 0 ? SecretId : idOf(`nobody-${count}`) }));
    expect(new Set(codes)).toEqual(new Set(["4100/10030", "4100/10270"]));
    expect(await scene.code("ListQueue", { SecretId })).toBe(throttled);
    expect(await scene.code("ListQueue")).toBe(throttled);
    scene.clock.nowMs += limits.authFailureForgottenMs;
    expect(await scene.code("ListQueue")).toBe("0");
  });

  it("is slowed down in the newer API, too, while other addresses are served", async () => {
    const timestampS = Math.floor(scene.clock.nowMs / 1000);
    const ask = async (key: string, remoteAddress: string) => {
      const sent = tc3Request({ action: "DescribeCmqQueues", timestampS, payload: "{}", key });
      return (await scene.app.inject({ ...sent, remoteAddress })).json().Response.Error?.Code;
    };
    const codes: unknown[] = [];
    for (let count = 0; count <= limits.authFailuresMax; count++) codes.push(await ask(`guess${count}`, "192.0.2.7"));
    expect(new Set(codes.slice(0, -1))).toEqual(new Set(["AuthFailure.SignatureFailure"]));
    expect(codes.at(-1)).toBe("RequestLimitExceeded");
    expect(await ask(secretKey, "192.0.2.7")).toBe("RequestLimitExceeded");
    expect(await ask(secretKey, "192.0.2.8")).toBeUndefined();
  });

  it("is not a client whose clock is wrong", async () => {
    const Timestamp = Math.floor(scene.clock.nowMs / 1000) - 3600;
    expect(new Set(await codesOf(() => ({ Timestamp })))).toEqual(new Set(["4300/10040"]));
    expect(await scene.code("ListQueue")).toBe("0");
  });
});

/** The action of API 2.0 that needs the same role. */
function oldName(action: string): string {
  if (action === "PublishCmqMsg") return "PublishMessage";
  if (action === "SendCmqMsg") return "SendMessage";
  return action.replace(/^Describe/, "Get");
}

const forbidden = "4100/10080";

const topicActions = [
  "CreateTopic",
  "SetTopicAttributes",
  "GetTopicAttributes",
  "DeleteTopic",
  "PublishMessage",
  "BatchPublishMessage",
  "Subscribe",
  "Unsubscribe",
  "ListSubscriptionByTopic",
  "SetSubscriptionAttributes",
  "GetSubscriptionAttributes",
  "ClearSubscriptionFilterTags",
];

const newTopicActions = [
  "ClearCmqSubscriptionFilterTags",
  "CreateCmqSubscribe",
  "CreateCmqTopic",
  "DeleteCmqSubscribe",
  "DeleteCmqTopic",
  "DescribeCmqSubscriptionDetail",
  "DescribeCmqTopicDetail",
  "ModifyCmqSubscriptionAttribute",
  "ModifyCmqTopicAttribute",
  "PublishCmqMsg",
];
