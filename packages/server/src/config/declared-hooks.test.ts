import { describe, expect, it } from "vitest";
import { hookShape } from "../shapes/hook.ts";
import { ConfigError } from "./config-error.ts";
import { loadConfig } from "./config.ts";

const load = ({ file }: { readonly file: string }) =>
  loadConfig({ flags: { config: "ringback.yaml" }, env: {}, readFile: () => file });

/** Returns the line of the error that the operator sees. */
function refusal(given: { readonly file: string }): string {
  try {
    load(given);
  } catch (error) {
    if (error instanceof ConfigError && !error.message.includes("\n")) return error.message;
    throw error;
  }
  throw new Error("the configuration was accepted");
}

describe("hooks and keys of the file", () => {
  it("are declared with the same settings as the API makes of the same bodies, and with their lines in the file", () => {
    const file = `
keys:
  "0": { jwk: { kty: oct, k: MDEyMzQ1Njc4OWFiY2RlZg, alg: A128KW } }
hooks:
  veto: { urls: ["http://127.0.0.1:9/a", "http://127.0.0.1:9/b"], protocol: json, timeoutMs: 500, onError: reject }
  card:
    urls: ["https://example.com/webhook"]
    protocol: opencard
    key: "0"
`;
    const { hooks, keys } = load({ file }).declared;
    expect(keys).toEqual([
      { name: "0", value: { kty: "oct", k: "MDEyMzQ1Njc4OWFiY2RlZg" }, origin: "ringback.yaml:3" },
    ]);
    expect(hooks).toEqual([
      {
        name: "veto",
        value: hookShape.read({
          urls: ["http://127.0.0.1:9/a", "http://127.0.0.1:9/b"],
          protocol: "json",
          timeoutMs: 500,
          onError: "reject",
        }),
        origin: "ringback.yaml:5",
      },
      {
        name: "card",
        value: hookShape.read({ urls: ["https://example.com/webhook"], protocol: "opencard", key: "0" }),
        origin: "ringback.yaml:6",
      },
    ]);
  });

  it("take koipy's own callbacks word for word", () => {
    const file = `
callbacks:
  onMessage: http://127.0.0.1:8080/onMessage # 回调地址
#  onPreSend: http://127.0.0.1:8080/onPreSend
  onResult:
`;
    expect(load({ file }).declared.hooks).toEqual([
      {
        name: "onMessage",
        value: hookShape.read({ urls: ["http://127.0.0.1:8080/onMessage"] }),
        origin: "ringback.yaml:3",
      },
    ]);
    expect(load({ file: "callbacks:\n#  onMessage: http://127.0.0.1/\n" }).declared.hooks).toEqual([]);
  });

  it.each([
    ["callbacks: {onMessage: 'ftp://a/'}\n", "ringback.yaml:1: onMessage: must begin with http:// or https://"],
    ["callbacks:\n  onMessage: ''\n", "ringback.yaml:2: onMessage: must begin with http://"],
    ["callbacks:\n  onMessage: [http://a/]\n", 'ringback.yaml:2: onMessage cannot be ["http://a/"]; give one URL'],
    ["callbacks:\n  onMesage: http://a/\n", 'ringback.yaml:2: unknown key "onMesage"; did you mean onMessage?'],
    ["callbacks: http://a/\n", 'ringback.yaml:1: callbacks cannot be "http://a/"; give keys and values'],
    [
      "callbacks:\n  onResult: http://a/\nhooks:\n  onResult: {urls: ['http://b/']}\n",
      "ringback.yaml:4: onResult stands under callbacks (line 2) as well; keep one of the two",
    ],
    ["hooks:\n", "ringback.yaml:1: hooks cannot be null; give keys and values"],
    ["hooks:\n  h: http://a/\n", 'ringback.yaml:2: h cannot be "http://a/"; give keys and values'],
    ["hooks:\n  _h: {urls: ['http://a/']}\n", 'ringback.yaml:2: "_h": must begin with a letter'],
    ["hooks:\n  h: {}\n", "ringback.yaml:2: urls: is missing"],
    ["hooks:\n  h:\n    urls:\n      - http://a/\n      - b\n", "ringback.yaml:5: urls[1]: must begin with http"],
    [
      "hooks:\n  h:\n    urls: ['http://a/']\n    protocol: cloudevents\n",
      "ringback.yaml:4: protocol: there is no hook",
    ],
    [
      "hooks:\n  h:\n    urls: ['http://a/']\n    protocol: opencard\n",
      'ringback.yaml:2: key: protocol "opencard" needs',
    ],
    ["keys:\n  a b: {}\n", 'ringback.yaml:2: "a b": must have 1 to 64'],
    ["keys:\n  '0': {}\n", "ringback.yaml:2: jwk: is missing"],
    ["keys:\n  '0': {generate: hmac}\n", "ringback.yaml:2: generate: "],
    ["keys:\n  '0': {secret: whsec_x}\n", "ringback.yaml:2: secret: "],
    [
      "topics:\n  t:\n    subscriptions:\n      s:\n        push: {url: 'http://a/', protocol: standard-webhooks}\n",
      'push.keys: protocol "standard-webhooks" needs at least one key',
    ],
    ["keys:\n  '0':\n    jwk:\n      kty: oct\n      k: short\n", "ringback.yaml:5: jwk.k: must be base64url"],
  ])("stop the start with one clear line when they cannot be: %j", (file, line) => {
    expect(refusal({ file })).toContain(line);
  });

  it("are refused without showing a key, wherever it stands", () => {
    const k = "c2VjcmV0IHNlY3JldCBzZWNyZXQ";
    for (const file of [
      `keys: ${k}\n`,
      `keys:\n  "0": ${k}\n`,
      `keys:\n  "0": {jwk: ${k}}\n`,
      `keys:\n  "0": {k: ${k}}\n`,
      `keys:\n  "0": {secret: ${k}}\n`,
      `keys:\n  "0": {secret: whsec_${k.slice(0, 8)}}\n`,
      `inboxes:\n  i: {verify: {method: github, secrets: ${k}}}\n`,
      `keys:\n  "0": {jwk: {kty: ${k}}}\n`,
      `keys:\n  "0": {jwk: {kty: oct, k: [${k}]}}\n`,
      `keys:\n  "0": {jwk: {kty: OKP, crv: ${k}, x: ${k}, d: ${k}}}\n`,
      `keys:\n  "0": {jwk: {kty: oct, k: "${k}}}\n`,
      `keys:\n  "0": {jwk: {kty: oct, k: ${k}"}}}\n`,
      `keys:\n  "0": {jwk: {kty: oct, k: *${k}}}\n`,
      `keys:\n  "0": {jwk: {kty: oct, k: !${k} a}}\n`,
      `keys:\n  "0": {jwk: {kty: oct, k: @${k}}}\n`,
      `masterKey: ${k}: x\n`,
      `masterKey: {${k}: x}\n`,
      `masterKey: "${k}\\q"\n`,
      `masterKey: ["${k}" "${k}"]\n`,
    ]) {
      expect(refusal({ file })).not.toContain(k.slice(0, 8));
    }
  });
});
