import type { Behaviour } from "../../server/test/harness/receiver.ts";

const pixel = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mNk+M9Qz0AEYBxVSF+FAAhKDveksOjmAAAAAElFTkSuQmCC",
  "base64",
);

/** The paths of the receiver, and how it answers each. */
export const endpoints = {
  /** Accepts everything. */
  "/fine": () => 204,
  /** Refuses everything, with a reason. */
  "/broken": (_arrival, response) => {
    response.writeHead(503, { "content-type": "application/json", "retry-after": "1" });
    response.end('{"error":"database is down","incident":"INC-1042"}');
  },
  /** Refuses the first attempt of each message, and accepts the second. */
  "/flaky": (_arrival, response, index) => {
    response.writeHead(index % 2 === 0 ? 500 : 200, { "content-type": "text/plain" });
    response.end(index % 2 === 0 ? "try again\n" : "thanks\n");
  },
  /** Says for good that the customer is gone, which disables the subscription. */
  "/gone": () => 410,
  /** Answers with what a page must not run. */
  "/hostile": (_arrival, response) => {
    response.writeHead(400, { "content-type": "text/html", "x-note": "<img src=x onerror=alert(1)>" });
    response.end("<script>window.hacked = true</script><img src=x onerror='window.hacked = true'>");
  },
  /** Answers with an image. */
  "/image": (_arrival, response) => {
    response.writeHead(422, { "content-type": "image/png" }).end(pixel);
  },
  /** A hook that vetoes large payments, and attaches a picture to others. */
  "/hook": ({ text }, response) => {
    const isLarge = /"amount":\s*\d{5,}/.test(text);
    const answer = isLarge
      ? { action: "reject", reason: "above the limit of 10,000" }
      : { action: "continue", data: { checkedBy: "risk" }, attachments: [] };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  },
  /** A hook that attaches a page with a script, whose name is a path. */
  "/files": (_arrival, response) => {
    const page = Buffer.from("<script>window.hacked = true</script>").toString("base64");
    const filename = "../../<img src=x onerror=alert(1)>.html";
    const attachments = [{ kind: "file", contentType: "text/html", filename, bodyBase64: page }];
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ action: "continue", attachments }));
  },
} as const satisfies Readonly<Record<string, Behaviour>>;

export const misbehave: Behaviour = (arrival, response, index) => {
  const path = arrival.path.split("?")[0] ?? "";
  const behave = (endpoints as Readonly<Record<string, Behaviour>>)[path];
  return behave === undefined ? 404 : behave(arrival, response, index);
};
