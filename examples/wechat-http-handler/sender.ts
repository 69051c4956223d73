/** Adds an HTTP handler with the API of the documentation, and publishes a message to it. */
const [ringback = "http://127.0.0.1:8000", url = "http://127.0.0.1:18000/weixinCallback"] = process.argv.slice(2);

async function post(path: string, body: string): Promise<unknown> {
  const response = await fetch(ringback + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

console.log(await post("/api/", JSON.stringify({ type: 1001, protocol: 2, url })));

// JSON text, because a JavaScript number cannot represent the digits of the id.
const message = `{"pushType":1,"pushTime":${Math.floor(Date.now() / 1000)},"data":{"from":"wxid_a","to":"wxid_b","type":1,"content":"你好","msgSvrID":7421806523987412345}}`;
console.log(await post("/v1/topics/wechat/messages", `{"body":${message}}`));
