import type { KeyPair } from "../load/signed-form.ts";
import { formShapes, jsonShapes, otherShapes } from "./body-shapes.ts";
import type { Operation } from "./targets.ts";

/** One hostile request. The client makes the body from its description, because bodies of 8 MB are slow to pass on. */
export interface HostileRequest {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Null: no body. */
  readonly body: HostileBody | null;
  /** Whether the body is sent in HTTP chunks of one byte. */
  readonly inOneByteChunks?: boolean;
}

export interface HostileBody {
  readonly shapes: "json" | "form" | "other";
  readonly shape: string;
  readonly bytes: number;
  /** Texts around the shape. */
  readonly before?: string;
  readonly after?: string;
  /** How the client signs the request, with the shape as the body of a message. */
  readonly signed?: { readonly as: "form" | "tc3"; readonly keyPair: KeyPair };
}

const shapesOf = { json: jsonShapes, form: formShapes, other: otherShapes };

export function textOf({ shapes, shape, bytes, before = "", after = "" }: HostileBody): string {
  const make = shapesOf[shapes][shape];
  if (make === undefined) throw new Error(`there is no shape ${shape}`);
  return before + make(bytes) + after;
}

const MIB = 1024 * 1024;
const json = { "content-type": "application/json" };
const form = { "content-type": "application/x-www-form-urlencoded" };

/** The limits of the routes. A body of exactly the limit is the most expensive one. */
const bytesOfLargeRoutes: readonly (readonly [ending: string, bytes: number])[] = [
  ["/messages", 8 * MIB],
  ["/messages/batch", 8 * MIB],
  ["/call", 4 * MIB],
  ["/in/hostile", MIB],
  ["/api/", 64 * 1024],
];
const smallRouteBytes = 256 * 1024;

/** The parts of bodies in which a JSON shape is put, and the largest size of such a shape. */
interface Target {
  readonly path: string;
  readonly what: string;
  readonly before: string;
  readonly after: string;
  readonly bytes: number;
}

export interface Names {
  readonly topic: string;
  readonly hook: string;
}

const inside = (path: string, what: string, before: string, after: string, bytes: number): Target => ({
  path,
  what,
  before,
  after,
  bytes,
});

function targetsInside({ topic, hook }: Names): Target[] {
  const publish = `/v1/topics/${topic}/messages`;
  return [
    inside(publish, "body", '{"body":', "}", MIB),
    inside(publish, "large body", '{"body":', "}", 8 * MIB - 20),
    inside(publish, "attributes", '{"body":1,"attributes":', "}", 8 * MIB - 64),
    inside(publish, "tags", '{"body":1,"tags":', "}", 8 * MIB - 64),
    inside(publish, "unknown member", '{"body":1,"x":', "}", 8 * MIB - 64),
    inside(publish, "base64", '{"bodyBase64":', "}", 8 * MIB - 64),
    inside(`${publish}/batch`, "messages", '{"messages":', "}", 8 * MIB - 64),
    inside(`${publish}/batch`, "first of two", '{"messages":[{"body":1},{"body":', "}]}", 8 * MIB - 64),
    inside(`/v1/hooks/${hook}/call`, "message", '{"message":', "}", 4 * MIB - 64),
    inside(`/v1/hooks/${hook}/call`, "deep", '{"message":{"a":{"b":', "}}}", 4 * MIB - 64),
  ];
}

/** All requests of the scenario. */
export function* hostileRequests(
  operations: readonly Operation[],
  names: Names,
  keyPair: KeyPair,
): Generator<HostileRequest> {
  for (const operation of operations) yield* againstOperation(operation);
  for (const { path, what, before, after, bytes } of targetsInside(names)) {
    for (const shape of Object.keys(jsonShapes)) {
      const body = { shapes: "json", shape, bytes, before, after } as const;
      yield { name: `${what}: ${shape}`, method: "POST", path, headers: json, body };
    }
  }
  yield* batches(names);
  yield* againstCmq(keyPair);
  const large = ["/v2/index.php", "/", "/in/hostile", `/v1/topics/${names.topic}/messages`];
  for (const path of [...large, `/v1/hooks/${names.hook}/call`]) {
    const body = { shapes: "other", shape: "many bytes", bytes: 8 * MIB } as const;
    const headers = path === "/v2/index.php" ? form : path.startsWith("/v1/hooks") ? json : { "content-type": "a/b" };
    yield { name: "8 MB in chunks of one byte", method: "POST", path, headers, body, inOneByteChunks: true };
  }
}

function* againstOperation({ method, path, hasBody }: Operation): Generator<HostileRequest> {
  for (const [name, query] of Object.entries(queries)) {
    yield { name, method, path: `${path}?${query}`, headers: {}, body: null };
  }
  yield { name: "many headers", method, path, headers: manyHeaders, body: null };
  yield { name: "long path", method, path: `${path}/${"a/".repeat(6_000)}`, headers: {}, body: null };
  if (!hasBody) return;
  const bytes = bytesOfLargeRoutes.find(([ending]) => path.endsWith(ending))?.[1] ?? smallRouteBytes;
  for (const shape of Object.keys(jsonShapes)) {
    yield { name: shape, method, path, headers: json, body: { shapes: "json", shape, bytes } };
  }
  for (const shapes of ["form", "other"] as const) {
    for (const shape of Object.keys(shapesOf[shapes])) {
      yield { name: shape, method, path, headers: shapes === "form" ? form : {}, body: { shapes, shape, bytes } };
    }
  }
  const body = { shapes: "json", shape: "list of 0", bytes: smallRouteBytes } as const;
  yield { name: "chunks of one byte", method, path, headers: json, body, inOneByteChunks: true };
}

/** Header sections have at most 16 KiB. */
const longest = 15_000;
const queries = {
  "many parameters": Array.from({ length: 1_500 }, (_, i) => `p${i}=1`).join("&"),
  "equal parameters": "tags=a&".repeat(longest / 7),
  "query of pluses": `after=${"+".repeat(longest)}`,
  "query of per cents": `after=${"%41".repeat(longest / 3)}`,
  "query of commas": `tags=${",".repeat(longest)}`,
  "query of brackets": "a[b]=1&".repeat(longest / 7),
};
const manyHeaders = Object.fromEntries(Array.from({ length: 1_200 }, (_, i) => [`x${i}`, "1"]));

/** Batches of as many messages as are allowed, and of the largest bodies. */
function* batches({ topic }: Names): Generator<HostileRequest> {
  const path = `/v1/topics/${topic}/messages/batch`;
  for (const shape of Object.keys(jsonShapes)) {
    for (const [count, bytes] of [
      [1_000, 8_000],
      [8, MIB - 64],
    ] as const) {
      const one = `{"body":${jsonShapes[shape]?.(bytes) ?? ""}}`;
      yield {
        name: `batch of ${count}: ${shape}`,
        method: "POST",
        path,
        headers: { ...json, "idempotency-key": `${count} ${shape}` },
        body: {
          shapes: "other",
          shape: "many bytes",
          bytes: 1,
          before: `{"messages":[${`${one},`.repeat(count - 1)}${one}],"`,
          after: '":1}',
        },
      };
    }
  }
}

function* againstCmq(keyPair: KeyPair): Generator<HostileRequest> {
  const bytes = 3 * MIB;
  const unsigned = `SecretId=${keyPair.secretId}&SignatureMethod=HmacSHA256&Timestamp=1&Nonce=1&Action=PublishMessage`;
  const signatures = { "no signature": "", "short signature": "AAAA", "wrong signature": "A".repeat(43) };
  for (const shape of Object.keys(formShapes)) {
    for (const [name, signature] of Object.entries(signatures)) {
      const before = `${unsigned}&Signature=${signature}&_b=@&`;
      const body = { shapes: "form", shape, bytes, before } as const;
      yield { name: `${shape}, ${name}`, method: "POST", path: "/v2/index.php", headers: form, body };
    }
    const body = { shapes: "form", shape, bytes, before: "Action=SendMessage&" } as const;
    yield { name: shape, method: "POST", path: "/", headers: form, body };
  }
  for (const shape of Object.keys(jsonShapes)) {
    for (const as of ["form", "tc3"] as const) {
      const body = { shapes: "json", shape, bytes: as === "form" ? MIB : bytes, signed: { as, keyPair } } as const;
      const path = as === "form" ? "/v2/index.php" : "/";
      yield { name: `${shape}, signed`, method: "POST", path, headers: {}, body };
    }
  }
  for (const length of [0, 1, 63, 64, 65, 10_000]) {
    const authorization =
      `TC3-HMAC-SHA256 Credential=${keyPair.secretId}/2026-01-01/tdmq/tc3_request, ` +
      `SignedHeaders=${"a;".repeat(200)}content-type;host, Signature=${"a".repeat(length)}`;
    const headers = { ...json, authorization, "x-tc-action": "PublishCmqMsg", "x-tc-timestamp": "1" };
    const body = { shapes: "json", shape: "list of 1.0", bytes } as const;
    yield { name: `signature of ${length}`, method: "POST", path: "/", headers, body };
  }
}
