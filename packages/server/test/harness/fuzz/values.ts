import type { Chance } from "../random.ts";

/** The part of JSON Schema that the OpenAPI document uses. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly examples?: readonly unknown[];
  readonly default?: unknown;
}

const inherited = ["__proto__", "constructor", "toString", "hasOwnProperty"] as const;
/** A waiting request must not take the time of the run. */
const waitMsMax = 20;
const depthMax = 6;

/** Makes values that follow a schema, and values that break it. */
export class FuzzValues {
  readonly #chance: Chance;
  readonly #url: string;
  /** The probability of a hostile value at each place. */
  readonly #hostility: number;

  /** `url`: a receiver on this machine. All URLs of the values lead to this machine. */
  constructor(chance: Chance, url: string, hostility: number) {
    this.#chance = chance;
    this.#url = url;
    this.#hostility = hostility;
  }

  value(schema: Schema, name = "", depth = 0): unknown {
    if (this.#happens(this.#hostility)) return this.hostile(depth);
    const { anyOf, examples } = schema;
    if (anyOf !== undefined) return this.value(this.#pick(anyOf), name, depth);
    if (schema.enum !== undefined) return this.#pick(schema.enum);
    if ("const" in schema) return schema.const;
    const type = typeof schema.type === "string" ? schema.type : this.#pick(schema.type ?? ["string"]);
    if (name === "waitMs") return this.#chance.whole(0, waitMsMax);
    if (type === "string" && examples !== undefined && this.#happens(0.7)) return this.#local(this.#pick(examples));
    switch (type) {
      case "object":
        return this.#object(schema, depth);
      case "array":
        return Array.from({ length: this.#chance.whole(0, 3) }, () => this.value(schema.items ?? {}, name, depth + 1));
      case "integer":
      case "number":
        return this.#chance.whole(schema.minimum ?? 0, Math.min(schema.maximum ?? 1e9, Number.MAX_SAFE_INTEGER));
      case "boolean":
        return this.#happens(0.5);
      case "null":
        return null;
      default:
        return this.#pick(["a", "b", "1", "a.b", "text", this.#url, "eA==", ""]);
    }
  }

  name(): string {
    return this.#happens(this.#hostility) ? this.#text() : this.#pick(["a", "b"]);
  }

  hostile(depth = 0): unknown {
    return this.#pick<() => unknown>([
      () => null,
      () => this.#text(),
      () => this.#pick([0, -1, 0.5, 1e308, -0, 2 ** 53, Number.MAX_SAFE_INTEGER, 1e-9]),
      () => this.#happens(0.5),
      () => ({}),
      () => [],
      () => ({ [this.#pick(inherited)]: this.#pick([1, null, "x", {}]) }),
      () => ({ [this.#text()]: depth < depthMax ? this.hostile(depth + 1) : 1 }),
      () => Array.from({ length: 300 }, () => 1),
      () => this.#nested(this.#chance.whole(2, 400)),
    ])();
  }

  #object(schema: Schema, depth: number): unknown {
    const members: [string, unknown][] = [];
    for (const [name, member] of Object.entries(schema.properties ?? {})) {
      const isNeeded = schema.required?.includes(name) === true;
      if (this.#happens(isNeeded ? 0.95 : 0.3)) members.push([name, this.value(member, name, depth + 1)]);
    }
    if (typeof schema.additionalProperties === "object" && this.#happens(0.5)) {
      members.push([this.name(), this.value(schema.additionalProperties, "", depth + 1)]);
    }
    if (this.#happens(this.#hostility))
      members.push([this.#pick([...inherited, this.#text()]), this.hostile(depth + 1)]);
    return Object.fromEntries(members);
  }

  #nested(depth: number): unknown {
    let value: unknown = 1;
    for (let i = 0; i < depth; i++) value = this.#happens(0.5) ? [value] : { a: value };
    return value;
  }

  #text(): string {
    return this.#pick([
      ...inherited,
      "",
      ".",
      "..",
      "../../etc/passwd",
      "a/b",
      "a b",
      "%",
      "%00",
      "\u0000",
      "\r\nx: y",
      "\ud800",
      "拉黑",
      "😀".repeat(40),
      "x".repeat(300),
      "x".repeat(5000),
      "9".repeat(400),
      "-1",
      "1e400",
      "NaN",
      "null",
      "2026-02-30T25:61:61Z",
      "file:///etc/passwd",
      "http://",
      "http://127.0.0.1:99999/",
      "http://user:secret@127.0.0.1:9/",
      "tcp://127.0.0.1:9",
      "ws://127.0.0.1:9/",
      "queue:a",
      "whsec_",
      '"',
      "'; DROP TABLE topic; --",
      "${7*7}",
    ]);
  }

  /** Examples contain URLs of other machines, and nothing may be sent there. */
  #local(example: unknown): unknown {
    return typeof example === "string" && /^\w+:\/\//.test(example) ? this.#url : example;
  }

  #happens(probability: number): boolean {
    return this.#chance.next() < probability;
  }

  #pick<T>(items: readonly T[]): T {
    return this.#chance.pick(items as readonly [T, ...T[]]);
  }
}
