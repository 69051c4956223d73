/**
 * Real: the server inside the test's process, its database, receivers for HTTP, TCP and WebSocket on 127.0.0.1. Nothing
 * is faked. The tests call WeChat's API as a program for WeChat does, and publish as a publisher does.
 */
import { expect, it } from "vitest";
import { WebSocketPeer } from "../src/transport/testing/web-socket-peer.ts";
import { startReceiver } from "./harness/receiver.ts";
import { useServer } from "./harness/running-server.ts";
import type { RunningServer } from "./harness/server.ts";
import { startTcpReceiver } from "./harness/tcp-messages.ts";
import { until, untilTrue } from "./harness/until.ts";
import { addHandler, askWechat, listHandlers } from "./harness/wechat.ts";
import type { WechatAnswer } from "./harness/wechat.ts";

async function publish(server: RunningServer, body: string, topic = "wechat"): Promise<string> {
  const response = await fetch(`${server.url}/v1/topics/${topic}/messages`, {
    method: "POST",
    headers: { "content-type": "application/vnd.wechat+json" },
    body: Buffer.from(body),
  });
  expect(response.status).toBe(201);
  return ((await response.json()) as { id: string }).id;
}

/** JSON with white space, escapes, member order and digits that parsing and formatting would change. */
const push = (number: number): string =>
  `{"pushType": 1, "pushTime":1665206058.0, "data": {"content": "wxid:\\n\\u4f60好😀 ${number}",` +
  ` "msgSvrID": 1234567890123456789012, "type": 1 }, "robot": {},"type":1001}`;

const server = useServer();

it("sends exactly the published bytes to handlers of all three protocols", async () => {
  await using http = await startReceiver();
  await using webSocket = await WebSocketPeer.start({ onMessage: (socket) => socket.send("ok") });
  await using big = await startTcpReceiver("big");
  await using little = await startTcpReceiver("little");
  const cookies = [
    await addHandler(server(), { protocol: 2, url: `${http.url}/weixinCallback` }),
    await addHandler(server(), { protocol: 3, url: `${webSocket.origin}/msg` }),
    await addHandler(server(), { protocol: 1, host: "127.0.0.1", port: String(big.port) }),
    await addHandler(server(), { protocol: 1, host: "127.0.0.1", port: little.port, byteOrder: "little" }),
  ];
  const published = [1, 2, 3].map(push);
  for (const body of published) await publish(server(), body);

  const arrived = (): string[][] => [
    http.arrivals.map(({ text }) => text),
    webSocket.texts,
    [...big.messages],
    [...little.messages],
  ];
  await until("all have all", arrived, (lists) => lists.every(({ length }) => length === 3));
  for (const list of arrived()) expect(list.toSorted()).toEqual(published);
  expect(http.arrivals.map(({ headers }) => headers["content-type"])).toEqual(published.map(() => "application/json"));
  expect(http.arrivals.map(({ headers }) => headers.connection)).toEqual(published.map(() => "close"));
  expect(webSocket.sockets).toHaveLength(1);

  const listed = await listHandlers(server());
  expect(listed.map(({ pcotocol }) => pcotocol).toSorted((a, b) => a - b)).toEqual([1, 1, 2, 3]);
  expect(listed.map(({ cookie }) => cookie).toSorted()).toEqual(cookies.toSorted());
  for (const { cookie } of listed) expect((await askWechat(server(), { type: 1002, cookie })).data.status).toBe(0);
  expect(await listHandlers(server())).toEqual([]);
  await publish(server(), push(4));
  expect((await askWechat(server(), { type: 1002, cookie: cookies[0] })).data.status).toBe(-1);
  expect(http.arrivals).toHaveLength(3);
});

it("answers the document's own request, trailing comma included, under the label that curl gives to data", async () => {
  const response = await fetch(`${server().url}/api/`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: ' {\n  "type": 1001,\n  "protocol": 2,\n  "url": "http://127.0.0.1:8888/",\n } ',
  });
  expect(response.status).toBe(200);
  const answer = (await response.json()) as WechatAnswer;
  expect(answer).toEqual({
    error_code: 10000,
    description: "",
    data: { status: 0, desc: "", cookie: expect.stringMatching(/^[0-9a-f]{32}$/) as unknown },
    robot: {
      alias: "",
      isLogin: false,
      nickName: "",
      pid: 0,
      port: server().port,
      smallHeadImgUrl: "",
      userName: "",
    },
    type: 1001,
  });
  await askWechat(server(), { type: 1002, cookie: answer.data.cookie });
});

it("gives up a message that is no JSON object, and sends the others", async () => {
  await using http = await startReceiver();
  const cookie = await addHandler(server(), { protocol: 2, url: http.url });
  const bad = await publish(server(), "hello");
  await publish(server(), push(1));
  await untilTrue("the good one is there", () => http.arrivals.length === 1);
  const delivery = await until(
    "the other is dead",
    () => server().api.delivery(bad, `wechat-${cookie}`),
    ({ state }) => state === "dead",
  );
  expect(delivery.reason).toBe("unencodable");
  expect(http.arrivals.map(({ text }) => text)).toEqual([push(1)]);
  await askWechat(server(), { type: 1002, cookie });
});

it("retries over TCP and WebSocket like over HTTP, and records why", async () => {
  const peer = await WebSocketPeer.start();
  const gone = `${peer.origin}/`;
  await peer.stop();
  const { api } = server();
  await api.putTopic("elsewhere");
  const retry = { delaysMs: [100] };
  await api.subscribe("elsewhere", "ws", { push: { url: gone, protocol: "wechat" }, retry });
  await api.subscribe("elsewhere", "tcp", { push: { url: gone.replace("ws:", "tcp:"), protocol: "wechat" }, retry });
  const id = await publish(server(), push(1), "elsewhere");
  for (const name of ["ws", "tcp"]) {
    const { attempts } = await until(
      `${name} is given up`,
      () => api.delivery(id, name),
      ({ state }) => state === "dead",
    );
    const refused = { verdict: "error", errorCode: "connect_refused", status: null };
    expect(attempts).toMatchObject([refused, refused]);
  }
});

it("refuses URL schemes that a dialect does not support, and headers where the transport has none", async () => {
  const { api } = server();
  await api.putTopic("refusals");
  const path = "/v1/topics/refusals/subscriptions/s";
  const refusal = async (pushed: object) => (await api.call("PUT", path, { json: { push: pushed } })).json as object;
  expect(await refusal({ url: "ws://h/" })).toMatchObject({
    code: "invalid_url",
    detail: "push.url: must begin with http://, https:// or queue:",
  });
  expect(await refusal({ url: "ftp://h/", protocol: "wechat" })).toMatchObject({
    detail: "push.url: must begin with http://, https://, ws://, wss:// or tcp://",
  });
  expect(await refusal({ url: "tcp://h", protocol: "wechat" })).toMatchObject({
    detail: "push.url: must name a port: a tcp URL has the form tcp://host:port",
  });
  expect(await refusal({ url: "ws://h/", protocol: "wechat", headers: { "x-a": "b" } })).toMatchObject({
    code: "invalid_request",
    detail: "push.headers: can be sent over http and https only",
  });
});

it("loses no unsent message when a WebSocket's peer restarts", async () => {
  const before = await WebSocketPeer.start();
  const { port } = before;
  const { api } = server();
  await api.putTopic("restarts");
  await api.subscribe("restarts", "s", {
    push: { url: before.origin, protocol: "wechat" },
    retry: { baseMs: 100, factor: 1, retriesMax: 500 },
  });
  for (const number of [1, 2, 3]) await publish(server(), push(number), "restarts");
  await untilTrue("the first are there", () => before.messages.length === 3);
  await before.stop();
  const ids: string[] = [];
  for (const number of [4, 5, 6]) ids.push(await publish(server(), push(number), "restarts"));
  await until(
    "one has been tried in vain",
    () => Promise.all(ids.map((id) => api.delivery(id, "s"))),
    (deliveries) => deliveries.some(({ attempts }) => attempts.length > 0),
  );
  await using after = await WebSocketPeer.start({ port });
  await publish(server(), push(7), "restarts");
  await untilTrue("all others are there", () => after.messages.length >= 4);
  expect(after.texts.toSorted()).toEqual([4, 5, 6, 7].map(push));
  expect(before.texts.toSorted()).toEqual([1, 2, 3].map(push));
});
