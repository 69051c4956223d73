/** Acts as Baidu's platform: encrypts a request to a card, decrypts the answer and checks it. */
import { createHooks } from "@ringback/sdk/hooks";
import { opencard } from "@ringback/sdk/opencard";

const [webhook = "http://127.0.0.1:8000/", srcid = "123"] = process.argv.slice(2);

const hooks = createHooks({
  card: {
    urls: [webhook],
    protocol: opencard,
    key: { kid: "0", jwk: { kty: "oct", k: "MDEyMzQ1Njc4OWFiY2RlZg" } },
    onError: "reject",
  },
});

const { action, reason, data } = await hooks.call("card", {
  type: "sp_ala",
  srcid,
  surface: "mobile",
  intent: { query: "故宫" },
});
console.log(action, reason ?? "-", JSON.stringify(data));
