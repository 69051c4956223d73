import { createAddressGuard } from "../../transport/address-guard.ts";
import { createEndpointRule } from "../../transport/endpoint-rule.ts";
import { clockAt } from "../../domain/testing/clock-at.ts";
import type { TestApp } from "../../api/testing/test-app.ts";
import { addCmqApi } from "../cmq/api.ts";
import { addWechatApi } from "../wechat/api.ts";

/** Adds the CMQ and WeChat APIs to the application of a test. Random bytes are predictable: 0, 1, 2 … */
export async function addTestApis(testApp: TestApp): Promise<void> {
  const { app, store, events, publisher, accounts, access, audit, servicesOf, verifier } = testApp;
  let count = 0;
  const clock = clockAt(() => testApp.clock.nowMs);
  const shared = {
    accounts,
    access,
    audit,
    servicesOf,
    verifier,
    store,
    events,
    clock,
    endpointRule: createEndpointRule(createAddressGuard({ allowPrivateNetworks: true })),
    failed: testApp.requestLog.failed,
    randomBytes: (length: number) => new Uint8Array(length).fill(count++),
  };
  await addWechatApi(app, { ...shared, topic: "wechat", secretCost: [16, 1, 1] });
  await addCmqApi(app, {
    ...shared,
    publisher,
    timestampWindowMs: 300_000,
    refuseReplays: true,
  });
}
