import { describe, expect, it } from "vitest";
import { loadConfig } from "../../config/config.ts";
import { compare } from "./compare.ts";
import { readDeclared } from "./declared-resource.ts";

const file = `
keys: {k: {secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw}}
apiKeys: {a: {role: read, secretId: "AKIDexampleexample01", secretKey: "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE"}}
hooks: {h: {urls: ["http://127.0.0.1:9/"], protocol: json}}
eventTypes: {e: {schema: {type: object, properties: {a: {}}}}}
topics: {t: {subscriptions: {s: {pull: {}}}}}
inboxes: {i: {}}
`;

const at = (path: string, members: object) =>
  path.split(".").reduceRight<object>((inner, name) => ({ [name]: inner }), members);

describe("the resources that a file declares", () => {
  it("are of every part that a configuration file can have, in the order in which they can be created", () => {
    const { resources } = readDeclared("file", file);
    const names = resources.map(({ name }) => name.replace(/^api-keys.*/, "api-keys/a"));
    const own = ["event-types/e", "topics/t", "topics/t/subscriptions/s", "inboxes/i"];
    expect(names).toEqual(["keys/k", "api-keys/a", "hooks/h", ...own]);
    const { declared } = loadConfig({ flags: { config: "file" }, env: {}, readFile: () => file });
    expect(Object.values(declared).map(({ length }) => length)).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it("differ from the server by members that only the server has, where users name the members", () => {
    for (const path of ["labels", "schema", "example.nested", "push.headers", "push.transform.headers"]) {
      const changes = (to: object, from: object) =>
        compare(Object.fromEntries(Object.entries(at(path, to))), at(path, from)).differences.map((one) => one.path);
      expect(changes({ a: "1" }, { a: "1", b: "2" })).toEqual([`${path}.b`]);
      expect(changes({}, {})).toEqual([]);
    }
    expect(compare({ push: { url: "u" } }, { push: { url: "u", state: "x" } }).differences).toEqual([]);
  });
});
