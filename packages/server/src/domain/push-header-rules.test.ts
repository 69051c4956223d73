import { type PushProtocol, pushProtocols } from "@ringback/sdk/protocols";
import { describe, expect, it } from "vitest";
import { sampleDelivery } from "../../../sdk/src/protocols/testing/wire.ts";
import { RingbackError } from "./errors.ts";
import { assertPushHeaders } from "./push-header-rules.ts";

const secret = { kid: "k", jwk: { kty: "oct", k: "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY" } } as const;
const delivery = {
  ...sampleDelivery,
  body: Buffer.from('{"type":1}'),
  contentType: "application/json",
  tags: ["a"],
  attributes: { source: "s", "ce-subject": "x" },
};

function faultOf(protocol: PushProtocol, name: string): string | null {
  try {
    assertPushHeaders("push.headers", { [name]: "v" }, protocol);
    return null;
  } catch (error) {
    return error instanceof RingbackError ? error.message : String(error);
  }
}

describe.each<PushProtocol>(pushProtocols)("a subscription's own headers with protocol $name", (protocol) => {
  it("cannot repeat a header that the dialect sends", async () => {
    const { headers } = await protocol.encode(delivery, protocol.keys === "required" ? [secret] : []);
    const names = headers.filter((_, index) => index % 2 === 0);
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) {
      expect(faultOf(protocol, name)).toContain("is set by the protocol");
      expect(faultOf(protocol, name.toUpperCase())).toContain("is set by the protocol");
    }
  });

  it("can have names that only begin like those of other dialects", () => {
    expect(faultOf(protocol, "x-date")).toBeNull();
    expect(faultOf(protocol, "Authorization")).toBeNull();
  });
});

it.each(
  pushProtocols.flatMap((protocol: PushProtocol) =>
    (protocol.ownHeaders ?? []).map((own) => [protocol.name, own] as const),
  ),
)("with protocol %s, %s is reserved even if a message has no such header", (name, own) => {
  const protocol = pushProtocols.find((one) => one.name === name);
  const header = own.endsWith("-") ? `${own}any` : own;
  expect(protocol && faultOf(protocol, header)).toContain("is set by the protocol");
});
