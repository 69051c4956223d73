import type { Exchange } from "./recording-proxy.ts";

/** A request of a client as it was sent, and the answer that the client accepted. */
export interface Vector {
  readonly client: string;
  readonly action: string;
  /** HTTP method and signature method. */
  readonly way: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly answer: string;
}

const keptHeaders = /^(?:host|content-type|authorization|x-tc-.*)$/;
/** Actions that are kept for every way to sign. Their requests contain arrays and a text that needs escapes. */
const keptForEveryWay =
  /^(?:CreateQueue|CreateTopic|(?:SetSubscription|Subscribe|PublishMessage).*|(?:Create|Publish)Cmq.*|ModifyCmqSub.*)$/;

/** Returns the first successful request of each action in the client's first way, and some for each other way. */
export function vectorsOf(client: string, exchanges: readonly Exchange[]): readonly Vector[] {
  const vectors = new Map<string, Vector>();
  let firstWay: string | null = null;
  for (const { method, url, headers, body, answer } of exchanges) {
    if (!/"code":0,|^\{"Response":(?!\{"Error")/.test(answer)) continue;
    const parameters = new URLSearchParams(url.includes("?") ? url.slice(url.indexOf("?")) : body);
    const action = String(headers["x-tc-action"] ?? parameters.get("Action"));
    const signature = headers.authorization?.split(" ", 1)[0] ?? parameters.get("SignatureMethod");
    const way = `${method} ${signature}${headers["x-tc-content-sha256"] === undefined ? "" : " unsigned"}`;
    firstWay ??= way;
    const isKept = way === firstWay || keptForEveryWay.test(action);
    const kept = Object.entries(headers).filter(([name]) => keptHeaders.test(name));
    const vector = { client, action, way, method, url, headers: Object.fromEntries(kept) as Record<string, string> };
    // Later requests need everything that earlier ones created.
    const key = action.startsWith("Create") ? `${way} ${url} ${body}` : `${way} ${action}`;
    if (isKept && !vectors.has(key)) vectors.set(key, { ...vector, body, answer });
  }
  return [...vectors.values()];
}
