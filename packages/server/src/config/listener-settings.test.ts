import { describe, expect, it } from "vitest";
import { loadConfig } from "./config.ts";
import { flagName, variableName } from "./settings.ts";

const load = (env: Record<string, string>) => loadConfig({ flags: {}, env, readFile: () => "" });

describe("the settings of the listeners", () => {
  it.each([
    ["tlsCertFile", "tlsKeyFile"],
    ["tlsKeyFile", "tlsCertFile"],
  ])("need both files of TLS, not only %s", (given, missing) => {
    const sentence = `${flagName(missing)}: ${given} is set without ${missing}; set both, or neither`;
    expect(() => load({ [variableName(given)]: "file.pem" })).toThrow(sentence);
    const both = { [variableName(given)]: "a.pem", [variableName(missing)]: "b.pem" };
    expect(load(both)).toMatchObject({ [given]: "a.pem", [missing]: "b.pem" });
  });

  it("are addresses, of which only the first is needed", () => {
    expect(load({ RINGBACK_OPS_LISTEN: "127.0.0.1:9000", RINGBACK_PUBLIC_LISTEN: ":9001" })).toMatchObject({
      opsListen: { host: "127.0.0.1", port: 9000 },
      publicListen: { host: "0.0.0.0", port: 9001 },
    });
    expect(() => load({ RINGBACK_OPS_LISTEN: "nowhere" })).toThrow(/opsListen cannot be "nowhere"; give an address/);
  });

  it("accept networks of trusted proxies, and at most as many connections per source as there may be at all", () => {
    expect(load({ RINGBACK_TRUSTED_PROXIES: "10.0.0.0/8, ::1" }).trustedProxies).toEqual(["10.0.0.0/8", "::1/128"]);
    expect(load({ RINGBACK_CONNECTIONS_PER_SOURCE_MAX: "1" }).connectionsPerSourceMax).toBe(1);
    expect(() => load({ RINGBACK_CONNECTIONS_PER_SOURCE_MAX: "16001" })).toThrow(/from 1 to 16000/);
  });
});
