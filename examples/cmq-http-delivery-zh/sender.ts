/** Publishes one message to a topic whose subscription has CMQ's JSON format. Ringback delivers it. */
const [ringback = "http://127.0.0.1:8000", endpoint = "http://127.0.0.1:9000/cgi"] = process.argv.slice(2);

async function call(method: string, path: string, body: unknown): Promise<unknown> {
  const response = await fetch(ringback + path, {
    method,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

await call("PUT", "/v1/topics/MyTopic", {});
await call("PUT", "/v1/topics/MyTopic/subscriptions/mysubscription", {
  push: { url: endpoint, protocol: "cmq-json" },
});
console.log(await call("POST", "/v1/topics/MyTopic/messages", { body: "test message", tags: ["a", "b"] }));
