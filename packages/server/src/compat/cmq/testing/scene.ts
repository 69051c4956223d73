import { randomBytes } from "node:crypto";
import { createAddressGuard } from "../../../transport/address-guard.ts";
import { createEndpointRule } from "../../../transport/endpoint-rule.ts";
import { clockAt } from "../../../domain/testing/clock-at.ts";
import { createHmac } from "node:crypto";
import { createTestApp, type TestApp } from "../../../api/testing/test-app.ts";
import { addCmqApi } from "../api.ts";
import type { RootPage } from "../root-api.ts";
import { grantDefault } from "../../../engine/access/account-api-keys.ts";
import { recordedAtMs, recordedSecretId, recordedSecretKey } from "./recorded-requests.ts";

export const secretId = recordedSecretId;
export const secretKey = recordedSecretKey;

export interface Answer {
  readonly code: number;
  readonly message: string;
  readonly requestId: string;
  readonly [member: string]: unknown;
}

export const testHost = "cmq.test:8000";

export type Params = Readonly<Record<string, string | number>>;

/**
 * Real: the CMQ API, the HTTP application, queues and pulls, on the memory driver. Faked: events and clock.
 */
export interface Scene extends TestApp {
  /** Signs and sends a request. `params` take precedence over the common parameters. */
  call(
    action: string,
    params?: Params,
    how?: { readonly method?: "GET" | "POST"; readonly sha?: "sha1" | "sha256" },
  ): Promise<Answer>;
  /** Sends the form unchanged. */
  send(method: "GET" | "POST", form: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** Sends a request and returns its code and module code, such as `4000/10280`. `0` means success. */
  code(action: string, params?: Params): Promise<string>;
}

interface SceneOptions {
  readonly refuseReplays?: boolean;
  readonly page?: RootPage;
}

export async function cmqScene({ refuseReplays = true, page }: SceneOptions = {}): Promise<Scene> {
  const testApp = await createTestApp({}, { nowMs: recordedAtMs });
  const { clock } = testApp;
  const ticking = clockAt(() => clock.nowMs);
  const settings = { ...grantDefault, name: "recorded", expiresAtMs: null };
  await testApp.apiKeys.create(settings, { secretId, secretKey });
  await addCmqApi(testApp.app, {
    store: testApp.store,
    publisher: testApp.publisher,
    access: testApp.access,
    audit: testApp.audit,
    servicesOf: testApp.servicesOf,
    verifier: testApp.verifier,
    events: testApp.events,
    clock: ticking,
    endpointRule: createEndpointRule(createAddressGuard({ allowPrivateNetworks: true })),
    failed: testApp.requestLog.failed,
    randomBytes,
    timestampWindowMs: 300_000,
    refuseReplays,
    ...(page !== undefined && { page }),
  });
  let nonce = 0;
  const scene: Omit<Scene, keyof TestApp> = {
    call: (action, params = {}, { method = "POST", sha = "sha1" } = {}) => {
      const form = new Map<string, string>(
        Object.entries({
          Action: action,
          Region: "gz",
          SecretId: secretId,
          Nonce: ++nonce,
          Timestamp: Math.floor(clock.nowMs / 1000),
          ...(sha === "sha256" && { SignatureMethod: "HmacSHA256" }),
          ...params,
        }).map(([name, value]) => [name, String(value)]),
      );
      return scene.send(method, signedForm(method, form, sha));
    },
    send: async (method, form, headers = {}) => {
      const url = method === "GET" ? `/v2/index.php?${form}` : "/v2/index.php";
      const response = await testApp.app.inject({
        method,
        url,
        headers: { host: testHost, "content-type": "application/x-www-form-urlencoded", ...headers },
        ...(method === "POST" && { payload: form }),
      });
      if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}`);
      return response.json<Answer>();
    },
    code: async (action, params) => {
      const { code, message } = await scene.call(action, params);
      return code === 0 ? "0" : `${code}/${/^\((\d+)\)/.exec(message)?.[1]}`;
    },
  };
  return Object.assign(testApp, scene);
}

/** Signs as CMQ's documentation says, independently of the code under test. */
export function signedForm(
  method: string,
  form: ReadonlyMap<string, string>,
  sha: "sha1" | "sha256",
  host = testHost,
): string {
  const pairs = [...form]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key.replaceAll("_", ".")}=${value}`);
  const text = `${method}${host}/v2/index.php?${pairs.join("&")}`;
  const signature = createHmac(sha, secretKey).update(text).digest("base64");
  return [...form, ["Signature", signature]]
    .map((pair) => pair.map((part) => encodeURIComponent(part ?? "")).join("="))
    .join("&");
}
