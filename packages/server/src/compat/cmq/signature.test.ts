import { beforeEach, describe, expect, it } from "vitest";
import { readForm } from "./form.ts";
import { canonicalString, type SignedRequest, verifiedSignature } from "./signature.ts";
import { recordedApi2, recordedSecretKey, recordedTc3, type RecordedRequest } from "./testing/recorded-requests.ts";
import { isTc3SignedWith, readTc3Authorization, tc3CanonicalRequest, type Tc3Request } from "./tc3-signature.ts";

const key = Buffer.from(recordedSecretKey);

const verified = async (secretKey: Uint8Array, request: SignedRequest): Promise<boolean> =>
  (await verifiedSignature(secretKey, request)) !== null;

function signedRequest({ method, url, headers, body }: RecordedRequest): SignedRequest {
  const [path = "", query = ""] = url.split("?");
  return { method, path, host: headers["host"] ?? "", form: readForm(method === "GET" ? query : body) };
}

describe("the signature of API 2.0", () => {
  it.each(recordedApi2)("matches a request recorded from $client", async (recorded) => {
    expect(await verified(key, signedRequest(recorded))).toBe(true);
  });

  it.each(recordedApi2)("does not match a changed request of $client", async (recorded) => {
    const request = signedRequest(recorded);
    expect(await verified(Buffer.from(`${recordedSecretKey}x`), request)).toBe(false);
    expect(await verified(key, { ...request, host: "elsewhere.test" })).toBe(false);
    expect(await verified(key, { ...request, path: "/v2/index.htm" })).toBe(false);
    expect(await verified(key, { ...request, method: request.method === "GET" ? "POST" : "GET" })).toBe(false);
    for (const name of request.form.keys()) {
      if (name === "at") continue;
      const changed = new Map(request.form).set(name, `${request.form.get(name)}x`);
      if (name === "Signature") changed.set(name, "AAAA");
      expect(await verified(key, { ...request, form: changed })).toBe(false);
    }
    expect(await verified(key, { ...request, form: new Map(request.form).set("more", "") })).toBe(false);
  });

  const form = new Map(Object.entries({ b_c: "1", B: " 2&", a: "@f", _d_e: "ü", Signature: "x" }));
  const request = { method: "POST", host: "h:80", path: "/p", form } as const;

  it("covers method, host, path and unencoded values, sorted by name, with underscores as dots", () => {
    const variant = { host: "h", skipsAt: false, keepsLeading: false };
    expect(canonicalString(request, variant)).toBe("POSTh/p?B= 2&&.d.e=ü&a=@f&b.c=1");
  });

  it("has variants for clients that sign differently", () => {
    const variant = { host: "h:80", skipsAt: true, keepsLeading: true };
    expect(canonicalString(request, variant)).toBe("POSTh:80/p?B= 2&&_d_e=ü&b.c=1");
  });
});

const tc3Request = ({ method, headers, body }: RecordedRequest): Tc3Request => ({
  method,
  path: "/",
  query: "",
  headers,
  body: Buffer.from(body),
  timestampS: Number(headers["x-tc-timestamp"]),
});

describe("the signature of the newer API", () => {
  let request: Tc3Request;
  beforeEach(() => {
    request = tc3Request(recordedTc3[0] as RecordedRequest);
  });

  it.each(recordedTc3)("matches a request recorded from $client", (recorded) => {
    const authorization = readTc3Authorization(recorded.headers["authorization"]);
    expect(authorization).toMatchObject({ service: "127", date: "2026-11-22" });
    expect(isTc3SignedWith(key, tc3Request(recorded), authorization)).toBe(true);
  });

  it("covers method, path, query, the headers that it names and the body", () => {
    expect(tc3CanonicalRequest(request, ["content-type", "host"], "HASH", (name, text) => `${name}=${text}`)).toBe(
      `POST\n/\n\ncontent-type:content-type=application/json\nhost:host=${String(request.headers["host"])}\n\ncontent-type;host\nHASH`,
    );
  });

  it("has no text for a header that the request lacks, even if objects inherit a member of its name", () => {
    const canonical = tc3CanonicalRequest({ ...request, headers: {} }, ["constructor"], "HASH", (_name, text) => text);
    expect(canonical).toContain("\nconstructor:\n\nconstructor\n");
  });

  it("does not match a changed request", () => {
    const { headers } = request;
    const authorization = readTc3Authorization(headers["authorization"] as string);
    const changes: Partial<Tc3Request>[] = [
      { body: Buffer.from("{}") },
      { query: "a=1" },
      { timestampS: request.timestampS + 1 },
      { headers: { ...headers, host: "elsewhere" } },
      { headers: { ...headers, "content-type": "text/plain" } },
    ];
    for (const change of changes) expect(isTc3SignedWith(key, { ...request, ...change }, authorization)).toBe(false);
    expect(isTc3SignedWith(Buffer.from("other"), request, authorization)).toBe(false);
    expect(isTc3SignedWith(key, request, { ...authorization, date: "2026-11-21" })).toBe(false);
    expect(isTc3SignedWith(key, request, { ...authorization, service: "tdmq" })).toBe(false);
  });

  it.each([["host"], ["content-type"], ["x-tc-action"]])("refuses one that signs %s alone", (name) => {
    const header = request.headers["authorization"] as string;
    const alone = header.replace(/(?<=SignedHeaders=)[^,]*/, name);
    expect(() => readTc3Authorization(alone)).toThrow(
      expect.objectContaining({ code: "AuthFailure.InvalidAuthorization" }),
    );
  });

  it.each([
    [undefined, "MissingParameter"],
    ["", "MissingParameter"],
    ["Bearer x", "AuthFailure.InvalidAuthorization"],
    ["TC3-HMAC-SHA256 Credential=a/b", "AuthFailure.InvalidAuthorization"],
    [`TC3-HMAC-SHA256 ${"Credential=".repeat(500)}`, "AuthFailure.InvalidAuthorization"],
  ])("refuses the header %.40s", (header, code) => {
    expect(() => readTc3Authorization(header)).toThrow(expect.objectContaining({ code }));
  });
});
