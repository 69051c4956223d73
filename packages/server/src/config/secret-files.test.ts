/** Faked: the files. */

import { describe, expect, it } from "vitest";
import { type ConfigSources, loadConfig } from "./config.ts";

const masterKey = Buffer.alloc(32, 1).toString("base64url");
const files: Readonly<Record<string, string>> = {
  "/run/secrets/master": `${masterKey}\n`,
  "/run/secrets/proxy": "http://user:pa55@proxy:3128\r\n",
  "/run/secrets/bad": "pa55 w0rd\n",
  "/run/secrets/password": "pa55\n",
};

function load(env: ConfigSources["env"], yaml = "{}") {
  const readFile = (path: string): string => {
    const text = path === "ringback.yaml" ? yaml : files[path];
    if (text === undefined) throw new Error("no such file or directory");
    return text;
  };
  return loadConfig({ flags: { config: "ringback.yaml" }, env, readFile });
}

describe("a variable that ends with _FILE", () => {
  it("names the file of a secret setting, without the line break at its end", () => {
    const env = { RINGBACK_MASTER_KEY_FILE: "/run/secrets/master", RINGBACK_EGRESS_PROXY_FILE: "/run/secrets/proxy" };
    expect(load(env)).toMatchObject({ masterKey: [masterKey], egressProxy: "http://user:pa55@proxy:3128" });
  });

  it("exists for secrets only, and not beside the variable itself", () => {
    expect(() => load({ RINGBACK_LISTEN_FILE: "/run/secrets/master" })).toThrow("no such setting");
    const both = { RINGBACK_MASTER_KEY: masterKey, RINGBACK_MASTER_KEY_FILE: "/run/secrets/master" };
    expect(() => load(both)).toThrow("RINGBACK_MASTER_KEY_FILE: RINGBACK_MASTER_KEY is set too; keep one of the two");
  });

  it("leads to an error without the content if the file is missing or invalid", () => {
    expect(() => load({ RINGBACK_MASTER_KEY_FILE: "/nowhere" })).toThrow(
      'RINGBACK_MASTER_KEY_FILE: cannot read the file "/nowhere": no such file or directory',
    );
    for (const name of ["MASTER_KEY", "EGRESS_PROXY"]) {
      const bad = () => load({ [`RINGBACK_${name}_FILE`]: "/run/secrets/bad" });
      expect(bad).toThrow(`RINGBACK_${name}_FILE: `);
      expect(bad).not.toThrow("pa55");
    }
  });
});

const declared = (push: object) =>
  JSON.stringify({ topics: { orders: { subscriptions: { mail: { push: { url: "https://a.test/", ...push } } } } } });

describe("a secret in the configuration file", () => {
  it("can name a file, as can the value of a header", () => {
    const auth = { type: "basic", username: "u", password: { file: "/run/secrets/password" } };
    const [topic] = load({}, declared({ auth, headers: { "X-Key": { file: "/run/secrets/password" } } })).declared
      .topics;
    expect(topic?.value.subscriptions[0]?.value.settings.push).toMatchObject({
      auth: { password: "pa55" },
      headers: { "X-Key": "pa55" },
    });
    const yaml = JSON.stringify({ masterKey: { file: "/run/secrets/master" } });
    expect(load({}, yaml)).toMatchObject({ masterKey: [masterKey] });
  });

  it("cannot name a missing file, and other members cannot name any", () => {
    const auth = { type: "bearer", token: { file: "/nowhere" } };
    expect(() => load({}, declared({ auth }))).toThrow(/^ringback\.yaml:1: cannot read the file "\/nowhere"/);
    expect(() => load({}, declared({ url: { file: "/run/secrets/password" } }))).toThrow("push.url: must be a string");
  });
});
