import { describe, expect, it } from "vitest";
import { loadConfig } from "./config.ts";

const load = (file: string) =>
  loadConfig({ flags: { config: "ringback.yaml" }, env: {}, readFile: () => file }).declared.apiKeys;

const secretId = "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA";
const secretKey = "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE";

describe("API keys in the configuration file", () => {
  it("are declared by name, with their lines in the file", () => {
    const file = `
apiKeys:
  billing, production: { secretId: ${secretId}, secretKey: ${secretKey} }
  shop:
    secretId: AKIDshop
    secretKey: "0123456789abcdef"
    role: publish
    topics: [orders*]
`;
    const settings = { name: "", role: "admin", topics: null, allAccounts: false, expiresAtMs: null };
    expect(load(file)).toEqual([
      { name: "billing, production", value: { pair: { secretId, secretKey }, settings }, origin: "ringback.yaml:3" },
      {
        name: "shop",
        value: {
          pair: { secretId: "AKIDshop", secretKey: "0123456789abcdef" },
          settings: { ...settings, role: "publish", topics: ["orders*"] },
        },
        origin: "ringback.yaml:4",
      },
    ]);
    expect(load("logLevel: info")).toEqual([]);
  });

  it.each([
    ["apiKeys:\n  a: {}\n", "ringback.yaml:2: secretId: is missing"],
    [`apiKeys:\n  a:\n    secretId: ${secretId}\n`, "ringback.yaml:2: secretKey: is missing"],
    [`apiKeys:\n  a:\n    secretId: x\n    secretKey: ${secretKey}\n`, "ringback.yaml:3: secretId: must be AKID"],
    [
      `apiKeys:\n  a:\n    secretId: ${secretId}\n    secretKey: short\n`,
      "ringback.yaml:4: secretKey: must have 16 to 128",
    ],
    [
      `apiKeys:\n  a:\n    secretId: ${secretId}\n    secretKey: 1234567890123456\n`,
      "ringback.yaml:4: secretKey: must be",
    ],
    [
      `apiKeys:\n  a: { secretId: ${secretId}, secretKey: ${secretKey} }\n  b: { secretId: ${secretId}, secretKey: ${secretKey} }\n`,
      "ringback.yaml:3: b and a have one secretId; keep one of the two",
    ],
    [`apiKeys: ${secretKey}\n`, "ringback.yaml:1: apiKeys must hold keys and values"],
    [`apiKeys:\n  a: ${secretKey}\n`, "ringback.yaml:2: a must hold keys and values"],
    [`apiKeys:\n  a: { key: ${secretKey} }\n`, "ringback.yaml:2: secretId: is missing"],
  ])("stop the start with one line that says where, and shows no key: %j", (file, line) => {
    const refusal = (() => {
      try {
        load(file);
      } catch (error) {
        return (error as Error).message;
      }
      return "";
    })();
    expect(refusal).toContain(line);
    expect(refusal).not.toContain(secretKey.slice(0, 8));
  });
});
