import { startRingback } from "./ringback.ts";
import { startRobot } from "./robot.ts";
import { startGroup } from "./group.ts";
import { WechatGateway } from "./gateway.ts";

const port = Number(process.env["PORT"] ?? 3000);
const groupPort = Number(process.env["GROUP_PORT"] ?? 3001);

await startGroup(groupPort);
const ringback = await startRingback(["--data", "data"]);
const gateway = new WechatGateway(ringback.url);

// Alerts go to a robot of a WeCom group. Put the robot's real URL here.
const alerts = { topic: "alerts" };
await ringback.client.put("/v1/topics/{topic}", { params: { path: alerts }, body: {} });
await ringback.client.put("/v1/topics/{topic}/subscriptions/{subscription}", {
  params: { path: { ...alerts, subscription: "group" } },
  body: { push: { url: `http://127.0.0.1:${groupPort}/cgi-bin/webhook/send?key=demo`, protocol: "wecom" } },
});

await startRobot(port, ringback.client);
await gateway.addHandler(`http://127.0.0.1:${port}/weixinCallback`);
// Messages that are only read now and then wait in an inbox.
await ringback.client.put("/v1/inboxes/{inbox}", { params: { path: { inbox: "weixin" } }, body: {} });

console.log(`The robot is at http://127.0.0.1:${port}, Ringback at ${ringback.url}. Ctrl-C ends both. Try:
  curl -H 'Content-Type: application/json' -d '{"body":{"pushType":1,"data":{"from":"anna","content":"/time"}}}' ${ringback.url}/v1/topics/wechat/messages
  curl http://127.0.0.1:${port}/said`);
