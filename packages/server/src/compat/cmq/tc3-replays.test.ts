import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { recordedAtMs } from "./testing/recorded-requests.ts";
import { cmqScene, type Scene } from "./testing/scene.ts";
import { tc3Request, type Tc3Options, type Tc3Sent } from "./testing/tc3-requests.ts";
import { SeenRequests } from "./seen-requests.ts";
import { Tc3Replays } from "./tc3-replays.ts";

// Real: the HTTP application and the CMQ API. Faked, in memory: store, publisher, queues, events and clock.
let scene: Scene;
beforeEach(async () => {
  scene = await cmqScene();
  await scene.call("CreateQueue", { queueName: "work" });
});
afterEach(() => scene.app.close());

const timestampS = recordedAtMs / 1000;
const payload = '{"QueueName":"work"}';
const captured = tc3Request({ action: "DescribeCmqQueueDetail", timestampS, payload });
const withAction = (action: string) => ({ ...captured, headers: { ...captured.headers, "x-tc-action": action } });

async function codeOf(request: Tc3Sent): Promise<string> {
  const { Response } = (await scene.app.inject(request)).json<{ Response: { Error?: { Code: string } } }>();
  return Response.Error?.Code ?? "ok";
}

const sendOf = (message: object, options: Partial<Tc3Options> = {}) =>
  tc3Request({
    action: "SendCmqMsg",
    timestampS,
    payload: JSON.stringify({ QueueName: "work", ...message }),
    ...options,
  });

async function messageCount(): Promise<unknown> {
  return (await scene.call("GetQueueAttributes", { queueName: "work" }))["activeMsgNum"];
}

describe("a replay in the newer API", () => {
  it("is refused when it would send a message again", async () => {
    const send = sendOf({ MsgContent: "once" });
    expect(await codeOf(send)).toBe("ok");
    expect(await codeOf(send)).toBe("AuthFailure.SignatureExpire");
    expect(await messageCount()).toBe(1);
    expect(await codeOf(sendOf({ MsgContent: "another" }))).toBe("ok");
    expect(await codeOf(sendOf({ MsgContent: "once" }, { timestampS: timestampS - 1 }))).toBe("ok");
    expect(await messageCount()).toBe(3);
  });

  it("is refused while the first request is still running", async () => {
    const send = sendOf({ MsgContent: "once" });
    const codes = await Promise.all([codeOf(send), codeOf(send), codeOf(send)]);
    expect(codes.toSorted()).toEqual(["AuthFailure.SignatureExpire", "AuthFailure.SignatureExpire", "ok"]);
    expect(await messageCount()).toBe(1);
  });

  it("is refused under any action when it comes later than a client can sign the same second", async () => {
    expect(await codeOf(captured)).toBe("ok");
    scene.clock.nowMs += 20_000;
    for (const action of ["DescribeCmqQueueDetail", "DeleteCmqQueue", "ClearCmqQueue"]) {
      expect(await codeOf(withAction(action))).toBe("AuthFailure.SignatureExpire");
    }
    expect(await messageCount()).toBe(0);
    scene.clock.nowMs += 300_000;
    expect(await codeOf(captured)).toBe("AuthFailure.SignatureExpire");
  });

  it("is refused under another action when it comes more than two seconds after the first", async () => {
    expect(await codeOf(captured)).toBe("ok");
    scene.clock.nowMs += 2_001;
    for (const action of ["DeleteCmqQueue", "ClearCmqQueue"]) {
      expect(await codeOf(withAction(action))).toBe("AuthFailure.SignatureExpire");
    }
    expect(await codeOf(captured)).toBe("ok");
    expect(await codeOf(withAction("DeleteCmqQueue"))).toBe("AuthFailure.SignatureExpire");
    expect(await messageCount()).toBe(0);
  });

  it("cannot change the action of a signature that covers it", async () => {
    const signedHeaders = ["content-type", "host", "x-tc-action"];
    const request = tc3Request({ action: "DescribeCmqQueueDetail", timestampS, payload, signedHeaders });
    const changed = { ...request, headers: { ...request.headers, "x-tc-action": "DeleteCmqQueue" } };
    expect(await codeOf(changed)).toBe("AuthFailure.SignatureFailure");
  });

  it("is served where the setting allows it", async () => {
    await scene.app.close();
    scene = await cmqScene({ refuseReplays: false });
    await scene.call("CreateQueue", { queueName: "work" });
    const send = sendOf({ MsgContent: "twice" });
    expect([await codeOf(send), await codeOf(send)]).toEqual(["ok", "ok"]);
    expect(await messageCount()).toBe(2);
  });
});

describe("two honest requests of one second that have the same signature", () => {
  it("are served when their actions differ, or when they read", async () => {
    const actions = ["DescribeCmqQueueDetail", "DescribeCmqQueueDetail", "ClearCmqQueue", "DeleteCmqQueue"];
    for (const action of actions) expect([action, await codeOf(withAction(action))]).toEqual([action, "ok"]);
    expect(await codeOf(withAction("CreateCmqQueue"))).toBe("ok");
    expect(await codeOf(withAction("CreateCmqQueue"))).toBe("ResourceInUse");
  });

  it("are served when they arrive within two seconds, and each of them may be repeated later", async () => {
    const create = tc3Request({ action: "CreateCmqQueue", timestampS, payload });
    expect(await codeOf(create)).toBe("ResourceInUse");
    scene.clock.nowMs += 2_000;
    expect(await codeOf(captured)).toBe("ok");
    scene.clock.nowMs += 3_000;
    expect([await codeOf(create), await codeOf(captured)]).toEqual(["ResourceInUse", "ok"]);
  });

  it("are served when the first one failed", async () => {
    const send = tc3Request({ action: "SendCmqMsg", timestampS, payload: '{"QueueName":"later","MsgContent":"x"}' });
    expect(await codeOf(send)).toBe("ResourceNotFound");
    await scene.call("CreateQueue", { queueName: "later" });
    expect(await codeOf(send)).toBe("ok");
    expect(await codeOf(send)).toBe("AuthFailure.SignatureExpire");
  });

  it("are served when the signatures do not cover the messages, which differ", async () => {
    const headers = { "x-tc-content-sha256": "UNSIGNED-PAYLOAD" };
    const unsigned = { signedPayload: "UNSIGNED-PAYLOAD", headers };
    expect(await codeOf(sendOf({ MsgContent: "a" }, unsigned))).toBe("ok");
    expect(await codeOf(sendOf({ MsgContent: "b" }, unsigned))).toBe("ok");
    expect(await codeOf(sendOf({ MsgContent: "b" }, unsigned))).toBe("AuthFailure.SignatureExpire");
  });
});

it("after the clock was set back, no signature stays recent for longer than before", async () => {
  const replays = new Tc3Replays(new SeenRequests());
  const signature = createHash("sha256").update("a").digest();
  const call = { action: "DescribeCmqQueues", signature, body: new Uint8Array(), timestampMs: recordedAtMs };
  const run = (nowMs: number) => replays.runOnce(call, nowMs, 3_600_000, () => Promise.resolve("done"));
  expect(await run(recordedAtMs)).toBe("done");
  expect(await run(recordedAtMs + 9_000)).toBe("done");
  await expect(run(recordedAtMs - 1_800_000)).rejects.toMatchObject({ key: "overdue" });
});
