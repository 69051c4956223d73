import { createServer, type Server } from "node:http";
import { jsonHook } from "@ringback/sdk/protocols";
import { createHookReceiver, merge, reject, text, toNodeHandler } from "@ringback/sdk/receive";

interface Payload {
  readonly order: { readonly item: string; readonly count: number; readonly price: number };
}

const stock = new Map([["book", 5]]);

/** The programs that are asked. They could be three programs of three teams, in any language. */
const answers = {
  "/stock": ({ order: { item, count } }: Payload) => {
    const left = stock.get(item) ?? 0;
    return count <= left ? undefined : reject(`Only ${left} of "${item}" are left.`);
  },
  "/risk": ({ order: { count, price } }: Payload) => {
    const total = count * price;
    // The merged total is seen by the next hook, and by the shop.
    return total > 1_000 ? reject("This customer may spend 1,000.") : merge({ total });
  },
  "/extras": ({ order: { count } }: Payload) =>
    count > 1 ? text("A bookmark, because you bought several.") : undefined,
};

export function createHookServer(): Server {
  const handlers = new Map(
    Object.entries(answers).map(([path, answer]) => {
      const receiver = createHookReceiver({ protocol: jsonHook, onCall: ({ payload }) => answer(payload as Payload) });
      return [path, toNodeHandler(receiver)] as const;
    }),
  );
  return createServer((request, response) => {
    const handler = handlers.get(request.url ?? "");
    if (handler === undefined) response.writeHead(404).end();
    else void handler(request, response);
  });
}
