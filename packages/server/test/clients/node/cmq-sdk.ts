/**
 * Runs every action of cmq-sdk. Each call prints one line: "ok NAME" or "FAIL NAME: REASON". The SDK knows only CMQ's
 * host names, which this process resolves to the server.
 */
import { CMQ } from "cmq-sdk";
import { pointTencentHostsAt } from "../../harness/cmq/tencent-hosts.ts";
import { call, callApi2 } from "./calls.ts";

const { SECRET_ID: secretId = "", SECRET_KEY: secretKey = "" } = process.env;
const { port } = new URL("http://ringback.example:8000");
pointTencentHostsAt(() => Number(port));
type Method = (parameters: object) => Promise<Record<string, unknown>>;

function senderOf(options: { readonly signatureMethod: string; readonly secretKey?: string }) {
  const client = CMQ.NEW({ secretId, secretKey, path: "/v2/index.php", region: "gz", extranet: false, ...options });
  return (action: string, parameters: object) => {
    const name = action.charAt(0).toLowerCase() + action.slice(1);
    // The SDK adds the signature to the object, so every call needs an object of its own.
    return (client as unknown as Record<string, Method>)[name]!({ ...parameters });
  };
}

for (const signatureMethod of ["HmacSHA1", "HmacSHA256"]) {
  await callApi2(`cmq-${signatureMethod}`, senderOf({ signatureMethod }));
}
const wrong = senderOf({ signatureMethod: "HmacSHA1", secretKey: "x" });
await call("a wrong key", () => wrong("ListQueue", {}), { code: 4100 });
