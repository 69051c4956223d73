/** Real: the HTTP application, through `inject`, and the sealing. Faked: the store, in memory, and the clock. */

import { generateKeyPairSync } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { tlsChain } from "../transport/testing/tls-chain.ts";
import { tlsFixture } from "../transport/testing/tls-fixture.ts";
import { call } from "./testing/call.ts";
import { createTestApp, type TestApp } from "./testing/test-app.ts";

const path = "/v1/topics/orders/subscriptions/mail";
const url = "https://127.0.0.1:9/";
const certificate = tlsChain.leaf + tlsChain.intermediate;
const { key } = tlsChain;
const basic = { type: "basic", username: "u", password: "pa55-w0rd" } as const;
const bearer = { type: "bearer", token: "t0k3n" } as const;
const oauth2 = { type: "oauth2", tokenUrl: "https://127.0.0.1:8/t", clientId: "c", clientSecret: "s3cr3t" } as const;
/** After the end of `tlsChain.expired`. */
const nowMs = Date.UTC(2026, 11, 1);

let test: TestApp;
beforeEach(async () => {
  test = await createTestApp({}, { nowMs });
  await call(test.app, "PUT", "/v1/topics/orders");
});
afterEach(() => test.app.close());

const put = (push: object) => call(test.app, "PUT", path, { json: { push: { url, ...push } } });
const patch = (push: object, at = path) =>
  call(test.app, "PATCH", at, {
    json: at === path ? { push } : push,
    headers: { "content-type": "application/merge-patch+json" },
  });
const fieldsOf = ({ status, json }: Awaited<ReturnType<typeof put>>) => [
  status,
  json.code,
  ...(json.errors ?? []).map(({ field }: { field: string }) => field),
];

describe("the credentials of an endpoint", () => {
  it.each([
    ["basic", basic, { ...basic, password: null }],
    ["bearer", bearer, { ...bearer, token: null }],
    [
      "oauth2",
      { ...oauth2, scopes: ["a"] },
      { ...oauth2, clientSecret: null, scopes: ["a"], audience: null, clientAuth: "basic" },
    ],
  ])("of type %s are in no response, event or log line", async (_type, auth, shown) => {
    const answers = [
      await put({ auth }),
      await patch({ timeoutMs: 1000 }),
      await call(test.app, "GET", path),
      await call(test.app, "GET", "/v1/topics/orders/subscriptions"),
      await call(test.app, "PUT", "/v1/hooks/h", { json: { urls: [url], auth } }),
      await call(test.app, "GET", "/v1/hooks/h"),
      await call(test.app, "GET", "/v1/hooks"),
    ];
    for (const { status, json } of answers) {
      expect([200, 201]).toContain(status);
      const one = json.items?.[0] ?? json;
      expect((one.push ?? one).auth).toEqual(shown);
    }
    const seen = JSON.stringify([answers, test.events.emitted, test.logLines]);
    for (const secret of [basic.password, bearer.token, oauth2.clientSecret]) {
      expect(seen).not.toContain(secret);
      expect(seen).not.toContain(Buffer.from(secret).toString("base64url"));
    }
  });

  it("cannot be null, in their stored form, or of an unknown type", async () => {
    expect(fieldsOf(await put({ auth: { ...basic, password: null } }))).toEqual([
      400,
      "invalid_request",
      "push.auth.password",
    ]);
    const sealed = { sealed: "x", bytes: 1 };
    expect(fieldsOf(await put({ auth: { ...basic, password: sealed } }))[2]).toBe("push.auth.password");
    await put({ auth: basic });
    expect(fieldsOf(await patch({ auth: { password: sealed } }))[2]).toBe("push.auth.password");
    expect(fieldsOf(await put({ auth: { type: "digest" } }))[2]).toBe("push.auth");
  });

  it("are refused beside an Authorization header, a URL without HTTP, or a colon in the user name", async () => {
    expect(fieldsOf(await put({ auth: bearer, headers: { authorization: "x" } }))[2]).toBe("push.auth");
    expect(fieldsOf(await put({ auth: bearer, url: "queue:q" }))[2]).toBe("push.auth");
    expect(fieldsOf(await put({ auth: { ...basic, username: "a:b" } }))[2]).toBe("push.auth.username");
    expect(fieldsOf(await put({ auth: { ...bearer, token: "a\r\nb" } }))[2]).toBe("push.auth.token");
  });

  it("in the URL are refused, and the error names the right member", async () => {
    const { status, json } = await put({ url: "https://user:pa55-w0rd@127.0.0.1:9/" });
    expect([status, json.detail]).toEqual([
      400,
      "push.url: must not contain a user name or password; give them under push.auth",
    ]);
  });

  it("of another type need the members of the old type to be removed", async () => {
    await put({ auth: basic });
    expect(fieldsOf(await patch({ auth: bearer }))[2]).toBe("push.auth.username");
    const changed = await patch({ auth: { ...bearer, username: null, password: null } });
    expect([changed.status, changed.json.push.auth]).toEqual([200, { type: "bearer", token: null }]);
    expect((await patch({ auth: null })).json.push.auth).toBeNull();
  });

  it("are not sent to another origin unless they are given again", async () => {
    await put({ auth: oauth2, headers: { "X-Key": "k" }, tls: { certificate, key } });
    for (const other of ["https://127.0.0.1:10/", "https://localhost:9/", "http://127.0.0.1:9/"]) {
      expect(fieldsOf(await patch({ url: other }))).not.toContain(200);
    }
    expect(fieldsOf(await patch({ url: "https://127.0.0.1:10/" }))).toEqual([
      400,
      "secrets_needed",
      "push.headers.X-Key",
      "push.auth.clientSecret",
      "push.tls.certificate",
      "push.tls.key",
    ]);
    const tokenUrl = "https://127.0.0.1:7/t";
    expect(fieldsOf(await patch({ auth: { tokenUrl } }))).toEqual([400, "secrets_needed", "push.auth.clientSecret"]);
    expect((await patch({ auth: { tokenUrl, clientSecret: "again" } })).status).toBe(200);
    expect((await patch({ url: `${url}another/path`, auth: { tokenUrl: "https://127.0.0.1:7/x" } })).status).toBe(200);
    const given = { headers: { "X-Key": "k" }, auth: { clientSecret: "s" }, tls: { certificate, key } };
    expect((await patch({ url: "https://127.0.0.1:10/", ...given })).status).toBe(200);
    expect((await patch({ url: "https://127.0.0.1:11/", headers: null, auth: null, tls: null })).status).toBe(200);
  });

  it("of a hook are not sent to another origin either", async () => {
    await call(test.app, "PUT", "/v1/hooks/h", { json: { urls: [url], auth: bearer } });
    const at = "/v1/hooks/h";
    expect((await patch({ urls: [url, `${url}b`] }, at)).status).toBe(200);
    expect(fieldsOf(await patch({ urls: [url, "https://127.0.0.1:10/"] }, at))).toEqual([
      400,
      "secrets_needed",
      "auth.token",
    ]);
  });

  it("need a master key", async () => {
    await test.app.close();
    test = await createTestApp({}, { masterKeys: [] });
    await call(test.app, "PUT", "/v1/topics/orders");
    expect(fieldsOf(await put({ auth: bearer }))).toEqual([409, "master_key_missing"]);
    const hook = await call(test.app, "PUT", "/v1/hooks/h", { json: { urls: [url], auth: bearer } });
    expect(fieldsOf(hook)).toEqual([409, "master_key_missing"]);
    expect((await put({ tls: { ca: tlsFixture.cert } })).status).toBe(201);
  });

  it("that are equal to the stored ones change nothing when they are given again", async () => {
    const settings = { auth: oauth2, tls: { certificate, key, ca: tlsFixture.cert } };
    const tag = (await put(settings)).headers["etag"];
    expect((await put(settings)).headers["etag"]).toBe(tag);
    expect((await put({ ...settings, auth: { ...oauth2, clientSecret: "other" } })).headers["etag"]).not.toBe(tag);
  });
});

describe("the TLS settings of an endpoint", () => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const encrypted = rsa.privateKey.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" });
  const broken = "-----BEGIN CERTIFICATE-----\nbm9uc2Vuc2U=\n-----END CERTIFICATE-----\n";

  it.each([
    ["no PEM", { certificate: "nonsense", key }, "certificate", "contains no certificate in PEM format"],
    ["a broken PEM", { certificate: broken, key }, "certificate", "certificate 1 cannot be read"],
    ["a broken chain", { certificate: certificate + broken, key }, "certificate", "certificate 3 cannot be read"],
    ["an expired certificate", { certificate: tlsChain.expired, key }, "certificate", "has expired on 2026-11-29"],
    ["no private key", { certificate, key: certificate }, "key", "is no private key in PEM format"],
    ["an encrypted key", { certificate, key: encrypted }, "key", "is encrypted; give it without a passphrase"],
    ["another key", { certificate, key: tlsFixture.key }, "key", "does not belong to the certificate"],
    [
      "a chain that begins with an authority",
      { certificate: tlsChain.intermediate + tlsChain.leaf, key },
      "key",
      "the first certificate of the chain must be its own",
    ],
    ["no authority", { ca: "nonsense" }, "ca", "contains no certificate in PEM format"],
    ["a broken authority", { ca: broken }, "ca", "certificate 1 cannot be read"],
    ["a key alone", { key }, "certificate", "is missing; push.tls.key needs it"],
    ["an address as name", { serverName: "127.0.0.1" }, "serverName", "must be a host name"],
    ["a wildcard as name", { serverName: "*.example.com" }, "serverName", "must be a host name"],
  ])("with %s are refused", async (_what, tls, member, sentence) => {
    const { status, json } = await put({ tls });
    expect([status, json.errors]).toEqual([
      400,
      [{ field: `push.tls.${member}`, message: expect.stringContaining(sentence) }],
    ]);
    for (const line of key.split("\n").slice(1, 3)) expect(JSON.stringify(json)).not.toContain(line);
  });

  it("with a key that would hold the server for long in each handshake are refused", async () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 4104 });
    const long = privateKey.export({ type: "pkcs8", format: "pem" });
    const { status, json } = await put({ tls: { certificate, key: long } });
    expect([status, json.detail]).toEqual([400, "push.tls.key: is longer than 4096 bits"]);
  });

  it("are refused for a URL without TLS", async () => {
    expect(fieldsOf(await put({ url: "http://127.0.0.1:9/", tls: { ca: tlsFixture.cert } }))[2]).toBe("push.tls");
  });

  it("show of a certificate its subject, end and fingerprint, and of a key nothing", async () => {
    const { json } = await put({ tls: { certificate, key } });
    const shown = {
      certificate: {
        subject: "CN=Ringback test receiver",
        notAfter: expect.stringMatching(/^2126-11-\d\dT/),
        fingerprint: expect.stringMatching(/^(?:[\dA-F]{2}:){31}[\dA-F]{2}$/),
      },
      key: null,
      ca: null,
      serverName: null,
    };
    expect(json.push.tls).toEqual(shown);
    const hook = { urls: [url], tls: { certificate, key } };
    expect((await call(test.app, "PUT", "/v1/hooks/h", { json: hook })).json.tls).toEqual(shown);
    expect(fieldsOf(await put({ tls: json.push.tls })).slice(2)).toEqual(["push.tls.certificate", "push.tls.key"]);
  });

  it("can get a new certificate for the stored key, and keep both in a PATCH of another setting", async () => {
    await put({ tls: { certificate, key } });
    const before = (await call(test.app, "GET", path)).json.push.tls.certificate.fingerprint;
    const other = { serverName: "receiver.test" };
    expect((await patch({ timeoutMs: 2000, tls: other })).json.push.tls).toMatchObject({
      certificate: { fingerprint: before },
      serverName: "receiver.test",
    });
    expect((await patch({ tls: { certificate: tlsChain.leaf } })).status).toBe(200);
    expect(fieldsOf(await patch({ tls: { certificate: tlsFixture.cert } }))[2]).toBe("push.tls.key");
    const removed = await patch({ tls: { certificate: null, key: null } });
    expect(removed.json.push.tls).toMatchObject({ certificate: null, key: null, serverName: "receiver.test" });
  });

  it("with a certificate that has expired since can still be put again, and other settings changed", async () => {
    await test.app.close();
    test = await createTestApp({}, { nowMs: Date.UTC(2026, 10, 1) });
    await call(test.app, "PUT", "/v1/topics/orders");
    const tls = { certificate: tlsChain.expired, key };
    expect((await put({ tls })).status).toBe(201);
    test.clock.nowMs = nowMs;
    expect((await put({ tls })).status).toBe(200);
    expect((await patch({ timeoutMs: 2000 })).status).toBe(200);
    expect((await put({})).status).toBe(200);
    expect((await put({ tls })).status).toBe(400);
  });
});
