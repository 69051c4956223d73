import { describe, expect, it } from "vitest";
import { limits } from "./limits.ts";
import { isSampled, readTrace, traceHeaders, traceOfHeaders, withParent, withTrace } from "./trace-context.ts";

const ids = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";
const valid = `00-${ids}-01`;
const members = (count: number) => Array.from({ length: count }, (_, index) => `k${index}=v`).join();
/** A member of 100 characters. */
const small = (name: string) => `${name}=${"v".repeat(98)}`;
const stateOf = (tracestate: string) => readTrace(valid, tracestate)?.tracestate;

describe("traceparent", () => {
  it.each([valid, `00-${ids}-00`, `00-${ids}-ff`])("%s stays as it is", (traceparent) => {
    expect(readTrace(traceparent)).toEqual({ traceparent, tracestate: null });
  });

  it.each([
    [`01-${ids}-01`, `00-${ids}-01`],
    [`fe-${ids}-ff`, `00-${ids}-03`],
    [`cc-${ids}-08-what-the-future-brings`, `00-${ids}-00`],
    [`cc-${ids}-01-`, `00-${ids}-01`],
  ])("%s of a later version is sent on as version 00", (given, sent) => {
    expect(readTrace(given)).toEqual({ traceparent: sent, tracestate: null });
  });

  it.each([
    "",
    "-",
    "null",
    `ff-${ids}-01`,
    `0-${ids}-01`,
    `00-${ids}`,
    `00-${ids}-`,
    `00-${ids}-1`,
    `00-${ids}-001`,
    `00-${ids}-01-`,
    `00-${ids}-01-more`,
    `cc-${ids}-01.more`,
    `00-${ids.toUpperCase()}-01`,
    `00-${ids}-0A`,
    `00-${"0".repeat(32)}-00f067aa0ba902b7-01`,
    `00-4bf92f3577b34da6a3ce929d0e0e4736-${"0".repeat(16)}-01`,
    `00-${ids}-01, 00-${ids}-01`,
    ` ${valid}`,
    `${valid}\n`,
    valid.replace("4", "４"),
    `cc-${ids}-01-${"x".repeat(limits.traceparentCharsMax)}`,
  ])("%j is ignored, and the tracestate with it", (traceparent) => {
    expect(traceOfHeaders({ traceparent, tracestate: "a=b" })).toBeNull();
  });

  it("is needed for a tracestate", () => {
    expect(traceOfHeaders({ tracestate: "a=b" })).toBeNull();
  });

  it("says whether the trace is sampled", () => {
    const sampled = ["00", "01", "02", "03", "fe", "ff"].map((flags) =>
      isSampled({ traceparent: `00-${ids}-${flags}`, tracestate: null }),
    );
    expect(sampled).toEqual([false, true, false, true, false, true]);
  });

  it("gets the id of another parent", () => {
    const changed = withParent({ traceparent: valid, tracestate: "a=b" }, "00000000000000ff");
    expect(changed).toEqual({
      traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00000000000000ff-01",
      tracestate: "a=b",
    });
  });
});

describe("tracestate", () => {
  it.each([
    "rojo=00f067aa0ba902b7",
    "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
    "tenant@vendor=1,0a_b-c*d/e= ! ~",
    `${"k".repeat(256)}=${"v".repeat(255)}`,
  ])("%s stays as it is", (tracestate) => {
    expect(stateOf(tracestate)).toBe(tracestate);
  });

  it("loses spaces around its members, and empty members", () => {
    expect(stateOf(" a=1 ,\t, b=2,")).toBe("a=1,b=2");
    expect(stateOf(" , ")).toBeNull();
  });

  it.each(["a", "=1", "a=", "A=1", "a=1=2", "a=1,b", "a =1", "é=1", "a=é", "a=\u0001", "a@b@c=1", "a=1;b=2,*=3"])(
    "%j is left out, and the traceparent stays",
    (tracestate) => {
      expect(readTrace(valid, tracestate)).toEqual({ traceparent: valid, tracestate: null });
    },
  );

  it("has at most 32 members", () => {
    expect(stateOf(members(32))).toBe(members(32));
    expect(stateOf(members(33))).toBeNull();
  });

  it("has at most 512 characters: long members are left out first, then the last ones", () => {
    const long = `l=${"v".repeat(200)}`;
    expect(stateOf([long, small("a"), small("b"), small("c")].join())).toContain(long);
    expect(stateOf([long, ...["a", "b", "c", "d", "e"].map(small)].join())).toBe(
      ["a", "b", "c", "d", "e"].map(small).join(),
    );
    const seven = ["a", "b", "c", "d", "e", "f", "g"].map(small);
    expect(stateOf(seven.join())).toBe(seven.slice(0, 5).join());
  });

  it("is not read if it is very long", () => {
    expect(stateOf(`a=1,${" ".repeat(limits.traceStateReadCharsMax)}`)).toBeNull();
  });
});

it("is sent as one or two headers, or none", () => {
  expect(traceHeaders(null)).toEqual([]);
  expect(traceHeaders({ traceparent: valid, tracestate: null })).toEqual(["traceparent", valid]);
  expect(traceHeaders({ traceparent: valid, tracestate: "a=b" })).toEqual(["traceparent", valid, "tracestate", "a=b"]);
});

it("of a request is that of each message that has none of its own", () => {
  const own = { traceparent: `00-${ids}-00`, tracestate: null };
  const trace = { traceparent: valid, tracestate: null };
  expect(withTrace([{ trace: own }, { trace: null }, {}], trace)).toEqual([{ trace: own }, { trace }, { trace }]);
  expect(withTrace([{ trace: own }, {}], null)).toEqual([{ trace: own }, {}]);
});
