import { createServer, type IncomingMessage, type Server } from "node:http";
import type { RingbackClient } from "@ringback/sdk/client";

interface Order {
  readonly item: string;
  readonly count: number;
  readonly price: number;
}

/** A shop that asks other programs before it takes an order. `POST /orders` is all that it has. */
export function createShop(ringback: RingbackClient): Server {
  return createServer((request, response) => {
    const answer = (status: number, body: object): void => {
      response.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(body, null, 2)}\n`);
    };
    if (request.method !== "POST" || request.url !== "/orders") return answer(404, { error: "POST /orders" });
    takeOrder(ringback, request).then(
      ({ status, ...body }) => answer(status, body),
      (error: unknown) => answer(500, { error: String(error) }),
    );
  });
}

async function takeOrder(ringback: RingbackClient, request: IncomingMessage) {
  const order = await orderOf(request);
  if (order === null) return { status: 400, error: "an order has item, count and price" };
  const checked = await call(ringback, "order.check", { order });
  if (checked.action === "reject") return { status: 409, error: checked.reason ?? "the order was refused" };
  const { data, attachments } = await call(ringback, "order.extras", checked.data);
  const presents = attachments.map(({ kind, bodyBase64 = "" }) => ({ kind, text: atob(bodyBase64) }));
  return { status: 201, ...(data as object), presents };
}

function call(ringback: RingbackClient, hook: string, payload: unknown) {
  return ringback.post("/v1/hooks/{hook}/call", { params: { path: { hook } }, body: payload as never });
}

/** Returns null for anything but an order. */
async function orderOf(request: IncomingMessage): Promise<Order | null> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  try {
    const { item, count, price } = JSON.parse(Buffer.concat(pieces).toString()) as Partial<Order>;
    if (typeof item !== "string" || typeof count !== "number" || typeof price !== "number") return null;
    return { item, count, price };
  } catch {
    return null;
  }
}
