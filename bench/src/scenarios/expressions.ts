import type { Message } from "../../../packages/server/src/domain/model.ts";
import { compileTransform } from "../../../packages/server/src/expressions/transform.ts";
import { compileWhere } from "../../../packages/server/src/expressions/where.ts";
import type { Scenario } from "./bench.ts";
import { type Figure, medianFigure } from "./result.ts";

const SAMPLES = 5;
const EVALUATIONS = 20_000;

const where = "data.amount > 100 && type.startsWith('invoice.')";
const transform = {
  body:
    "{'id': id, 'total': data.amount, 'who': data.customer.name + ' <' + data.customer.email + '>', " +
    "'lines': data.lines.map(l, {'s': l.sku, 'n': l.qty})}",
  headers: { "x-customer": "data.customer.id" },
  url: null,
};
const invoice = {
  id: "evt_1234567890",
  amount: 12_345,
  currency: "eur",
  customer: { id: "cus_42", name: "Ann Example", email: "ann@example.com" },
  lines: [
    { sku: "a", qty: 2, price: 12.5 },
    { sku: "b", qty: 1, price: 3 },
  ],
  paid: true,
};

/** Measures the CPU time of a filter and of a transformation for one message, with the parsing of its body. */
export const expressionsScenario: Scenario = {
  name: "expressions",
  title: "a filter and a transformation for one message",
  async run() {
    const message = {
      topicId: 1,
      seq: 1,
      type: "invoice.paid",
      tags: ["eu"],
      attributes: {},
      body: Buffer.from(JSON.stringify(invoice)),
      publishedAtMs: Date.now(),
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the expressions read no other members
    } as unknown as Message;
    const filter = compileWhere(where);
    const target = { url: "https://example.com/hook", verify: null };
    return {
      figures: [
        figureOf("a filter", 10, () => filter(message)),
        figureOf("a transformation of the body and one header", 25, () => compileTransform(transform, target)(message)),
      ],
      deliveries: [],
      details: { where, transform, bytes: message.body.byteLength },
    };
  },
};

function figureOf(name: string, atMost: number, evaluate: () => unknown): Figure {
  cpuUsOf(evaluate);
  const samples = Array.from({ length: SAMPLES }, () => cpuUsOf(evaluate));
  return { name, ...medianFigure(samples), unit: "µs", atMost };
}

function cpuUsOf(evaluate: () => unknown): number {
  const before = process.threadCpuUsage();
  for (let index = 0; index < EVALUATIONS; index++) evaluate();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / EVALUATIONS;
}
