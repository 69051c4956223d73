/**
 * The samples of docs/guide/receiving-in-other-languages.md. Real: the guide's code, the languages of this machine, the
 * server, its keys, and the requests that it sends. A language that is not installed is skipped.
 */
import { createHmac, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Arrival, startReceiver } from "../harness/receiver.ts";
import { useServer } from "../harness/running-server.ts";
import { untilTrue } from "../harness/until.ts";
import { isMissing, languages, prepared } from "./verifying-programs.ts";

const server = useServer({ env: { RINGBACK_MASTER_KEY: randomBytes(32).toString("base64") } });
const stranger = `whsec_${randomBytes(32).toString("base64")}`;
const cleanup = new AsyncDisposableStack();
afterAll(() => cleanup.disposeAsync());

interface Case {
  readonly secret: string;
  readonly id: string;
  readonly timestamp: string;
  readonly signature: string;
  readonly body: Buffer;
}

const lineOf = ({ secret, id, timestamp, signature, body }: Case) =>
  [secret, id, timestamp, signature, body.toString("base64")].join("\t");

function caseOf(secret: string, { headers, body }: Arrival): Case {
  const header = (name: string) => String(headers[`webhook-${name}`]);
  return { secret, id: header("id"), timestamp: header("timestamp"), signature: header("signature"), body };
}

/** The case, signed again at another time. */
function signedAt(seconds: number, { secret, id, body }: Case): Case {
  const timestamp = String(Math.floor(Date.now() / 1000) + seconds);
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  const signature = `v1,${createHmac("sha256", key).update(signed).digest("base64")}`;
  return { secret, id, timestamp, signature, body };
}

let first: Case;
/** Requests that a receiver must accept: texts, all bytes, no bytes, and both secrets of a rotation. */
const good: Case[] = [];

beforeAll(async () => {
  const receiver = cleanup.use(await startReceiver());
  await server().api.putTopic("bills");
  const { secret } = await server().api.ok<{ secret: string }>("PUT", "/v1/topics/bills/subscriptions/customer", {
    json: { push: { url: receiver.url, protocol: "standard-webhooks" } },
  });
  const arrived = async (body: Uint8Array<ArrayBuffer>): Promise<Arrival> => {
    const count = receiver.arrivals.length;
    const headers = { "content-type": "application/octet-stream" };
    await server().api.ok("POST", "/v1/topics/bills/messages", { headers, body });
    await untilTrue("it has arrived", () => receiver.arrivals.length > count);
    return receiver.arrivals.at(-1) as Arrival;
  };
  const text = new TextEncoder().encode('{ "amount": 1.0, "who": "故宫" }');
  first = caseOf(secret, await arrived(text));
  good.push(first);
  for (const body of [Uint8Array.from({ length: 256 }, (_, byte) => byte), new Uint8Array(0)]) {
    good.push(caseOf(secret, await arrived(body)));
  }
  const rotated = await server().api.ok<{ secret: string }>("POST", "/v1/keys/bills.customer/rotate");
  const both = await arrived(text);
  good.push(caseOf(secret, both), caseOf(rotated.secret, both));
});

describe.each(languages)("the sample in $name", (language) => {
  it("accepts what Ringback sends, and nothing else", async (context) => {
    if (await isMissing(language)) context.skip(`${language.name} is not installed`);
    const run = await prepared(language);
    const inTime = [...good, signedAt(-200, first), signedAt(200, first)];
    const bad: readonly Case[] = [
      { ...first, secret: stranger },
      { ...first, body: Buffer.from('{"amount":1,"who":"故宫"}') },
      { ...first, id: "another" },
      { ...first, timestamp: String(Number(first.timestamp) + 1) },
      ...["", "v1", "v1,", "v1,=", `v1,${"A".repeat(43)}=`, "v1a,AAAA", "故宫"].map((signature) => ({
        ...first,
        signature,
      })),
      ...["", "now", "-1", "1e9", "9".repeat(30)].map((timestamp) => ({ ...first, timestamp })),
      ...["", "whsec_"].map((secret) => signedAt(0, { ...first, secret })),
      signedAt(-600, first),
      signedAt(600, first),
    ];
    const answers = await run([...inTime, ...bad].map(lineOf));
    expect(answers).toEqual([...inTime.map(() => "true"), ...bad.map(() => "false")]);
  });
});
