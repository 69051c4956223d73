/** Real: the tokens, and the POSTs that use them. Faked: the transport and time. */

import { beforeEach, describe, expect, it } from "vitest";
import type { AccountId } from "../../domain/model.ts";
import type { Endpoint, PostResult } from "../../transport/port.ts";
import { ManualTime } from "../../transport/testing/manual-time.ts";
import { clientOf } from "./oauth2-client.ts";
import { OAuth2Tokens } from "./oauth2-tokens.ts";
import { postWithAccess } from "./post-with-access.ts";

const clientSecret = "s3cr3t & more";
const client = clientOf(
  {
    type: "oauth2",
    tokenUrl: "https://provider.test/token",
    clientId: "id:1",
    clientSecret,
    scopes: ["a", "b"],
    audience: null,
    clientAuth: "basic",
  },
  clientSecret,
);
const account = 1 as AccountId;
const noBytes = new Uint8Array(0);
const reply = (status: number, json: unknown = {}): PostResult => ({
  durationMs: 5,
  error: null,
  status,
  headers: {},
  body: Buffer.from(typeof json === "string" ? json : JSON.stringify(json)),
});
const granted = (token: string, expiresIn: unknown = 100) =>
  reply(200, { access_token: token, token_type: "bearer", expires_in: expiresIn });

interface Sent {
  readonly endpoint: Endpoint;
  readonly headers: readonly string[];
  readonly body: string;
  readonly done: (result: PostResult) => void;
}

let time: ManualTime;
let requests: Sent[];
let posts: Sent[];
let tokens: OAuth2Tokens;

beforeEach(() => {
  time = new ManualTime();
  requests = [];
  posts = [];
  tokens = new OAuth2Tokens({ transport, clock: time });
});

const transport = {
  post(endpoint: Endpoint, headers: readonly string[], body: Uint8Array, done: (result: PostResult) => void): void {
    const sent = { endpoint, headers, body: Buffer.from(body).toString(), done };
    (endpoint.origin === "https://provider.test" ? requests : posts).push(sent);
  },
};

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const answer = async (result: PostResult) => {
  requests.shift()?.done(result);
  await turn();
};
async function hold(token = "t1", expiresIn: unknown = 100): Promise<void> {
  const first = tokens.token(account, client);
  await answer(granted(token, expiresIn));
  expect(await first).toBe(token);
}

describe("a token request", () => {
  it("has the client's id and secret in the form of RFC 6749, and its own limits", () => {
    void tokens.token(account, client);
    const [{ endpoint, headers, body } = { endpoint: null, headers: [], body: "" }] = requests;
    expect(endpoint).toMatchObject({ path: "/token", timeoutMs: 10_000, wholeReplyBytesMax: 65_536 });
    expect(headers).toContain(`Basic ${Buffer.from("id%3A1:s3cr3t+%26+more").toString("base64")}`);
    expect(body).toBe("grant_type=client_credentials&scope=a+b");
  });

  it("can have them in the body, with an audience", () => {
    const auth = { type: "oauth2", tokenUrl: "https://provider.test/t", clientId: "i", clientSecret: "x" } as const;
    const inBody = clientOf({ ...auth, scopes: [], audience: "api", clientAuth: "body" }, "x&y");
    expect(Buffer.from(inBody.body).toString()).toBe(
      "grant_type=client_credentials&audience=api&client_id=i&client_secret=x%26y",
    );
    expect(inBody.headers).not.toContain("authorization");
  });

  it("is made once for all deliveries that wait, and never for another account's token", async () => {
    const waiting = [1, 2, 3].map(async () => tokens.token(account, client));
    expect(requests).toHaveLength(1);
    await answer(granted("t1"));
    expect(await Promise.all(waiting)).toEqual(["t1", "t1", "t1"]);
    expect(tokens.token(account, client)).toBe("t1");
    void tokens.token(2 as AccountId, client);
    expect(requests).toHaveLength(1);
  });

  it("is made before the token expires, while the old token is used", async () => {
    await hold("t1", 100);
    time.advance(79_000);
    expect(tokens.token(account, client)).toBe("t1");
    expect(requests).toHaveLength(0);
    time.advance(2000);
    expect([tokens.token(account, client), tokens.token(account, client)]).toEqual(["t1", "t1"]);
    expect(requests).toHaveLength(1);
    await answer(granted("t2"));
    expect(tokens.token(account, client)).toBe("t2");
  });

  it("is repeated only after a pause that grows, and meanwhile every delivery fails with its reason", async () => {
    for (const pauseMs of [1000, 2000, 4000]) {
      const refused = tokens.token(account, client);
      await answer(reply(401, { error: "invalid_client" }));
      const detail = 'the OAuth2 token request was answered with status 401 and the error "invalid_client"';
      expect(await refused).toMatchObject({ error: "oauth2_failed", errorDetail: detail, status: 0 });
      time.advance(pauseMs - 1);
      expect(await tokens.token(account, client)).toMatchObject({ errorDetail: detail });
      expect(requests).toHaveLength(0);
      time.advance(1);
    }
    await hold("t1");
  });

  it("that fails while the old token is valid changes nothing", async () => {
    await hold("t1", 100);
    time.advance(90_000);
    expect(tokens.token(account, client)).toBe("t1");
    await answer(reply(503));
    expect(tokens.token(account, client)).toBe("t1");
    time.advance(10_000);
    void tokens.token(account, client);
    expect(requests).toHaveLength(1);
  });
});

describe("a reply without a usable token", () => {
  it.each([
    ["a redirect", reply(302), "was answered with status 302"],
    ["a text", reply(200, "hello"), "was answered with a reply that is no JSON object"],
    ["null", reply(200, "null"), "was answered with a reply that is no JSON object"],
    ["no token", reply(200, {}), "was answered without a usable access_token"],
    [
      "a line break in the token",
      reply(200, { access_token: "a\r\nb", token_type: "bearer" }),
      "was answered without a usable access_token",
    ],
    ["another type", reply(200, { access_token: "a", token_type: "mac" }), "was answered with a token_type other"],
    ["an error with the secret", reply(400, { error: `x${clientSecret}` }), "was answered with status 400"],
    ["an error of another type", reply(400, { error: {} }), "was answered with status 400"],
    ["too many bytes", { ...reply(0), error: "reply_too_large" }, "failed: reply_too_large"],
    ["nothing", { ...reply(0), error: "timeout", errorDetail: "no reply" }, "failed: timeout, no reply"],
  ] as [string, PostResult, string][])("such as %s fails the delivery", async (_what, result, sentence) => {
    const token = tokens.token(account, client);
    await answer(result);
    const { error, errorDetail } = (await token) as PostResult;
    expect(error).toBe("oauth2_failed");
    expect(errorDetail).toContain(sentence);
    expect(errorDetail).not.toContain(clientSecret);
  });

  it.each([["none"], [-1], ["nonsense"], [1e300]])("a lifetime of %s is not taken literally", async (expiresIn) => {
    await hold("t1", expiresIn);
    time.advance(1800_000);
    expect(tokens.token(account, client)).toBe("t1");
    time.advance(24 * 3600_000);
    expect(tokens.token(account, client)).not.toBe("t1");
  });
});

describe("a POST with a token", () => {
  const endpoint: Endpoint = {
    origin: "https://receiver.test",
    path: "/",
    connection: "keep-alive",
    timeoutMs: 5000,
    wholeReplyBytesMax: null,
  };
  function send(): Promise<PostResult> {
    const context = { transport, tokens, clock: { now: () => time.now(), wall: () => 0 }, timers: time };
    const access = { oauth2: client, tls: undefined };
    return new Promise((resolve) => {
      postWithAccess(context, { account, access, endpoint, headers: ["x-a", "1"], body: noBytes }, resolve);
    });
  }

  it("is sent once more with a newer token after a 401, within the same time limit", async () => {
    await hold("t1", 1000);
    time.advance(20_000);
    const result = send();
    await turn();
    expect(posts[0]).toMatchObject({ headers: ["x-a", "1", "authorization", "Bearer t1"] });
    time.advance(1000);
    posts[0]?.done(reply(401));
    await turn();
    time.advance(500);
    await answer(granted("t2"));
    expect(posts[1]).toMatchObject({
      headers: ["x-a", "1", "authorization", "Bearer t2"],
      endpoint: { timeoutMs: 3500 },
    });
    posts[1]?.done(reply(401));
    expect(await result).toMatchObject({ status: 401, durationMs: 1500 });
    expect([posts.length, requests.length]).toEqual([2, 0]);
  });

  it("is not repeated when the token is new, so an endpoint that refuses all tokens causes no storm", async () => {
    await hold("t1", 1000);
    for (let round = 0; round < 5; round++) {
      const result = send();
      await turn();
      posts.at(-1)?.done(reply(401));
      expect(await result).toMatchObject({ status: 401 });
    }
    expect([posts.length, requests.length]).toEqual([5, 0]);
  });

  it("uses the token that another delivery has renewed", async () => {
    await hold("t1", 1000);
    time.advance(20_000);
    const results = [send(), send()];
    await turn();
    posts[0]?.done(reply(401));
    posts[1]?.done(reply(401));
    await turn();
    expect(requests).toHaveLength(1);
    await answer(granted("t2"));
    for (const { done } of posts.slice(2)) done(reply(200));
    expect((await Promise.all(results)).map(({ status }) => status)).toEqual([200, 200]);
    expect(posts).toHaveLength(4);
  });

  it("ends when the token does not come within the endpoint's time limit, and is not sent", async () => {
    const result = send();
    await turn();
    time.advance(5000);
    expect(await result).toMatchObject({ error: "oauth2_failed", durationMs: 5000 });
    await answer(granted("t1"));
    expect([posts.length, tokens.token(account, client)]).toEqual([0, "t1"]);
  });

  it("ends as aborted when the server stops during the token request", async () => {
    const result = send();
    await turn();
    await answer({ ...reply(0), error: "aborted" });
    expect(await result).toMatchObject({ error: "aborted" });
  });
});
