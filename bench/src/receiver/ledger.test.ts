import { describe, expect, it } from "vitest";
import { Ledger } from "./ledger.ts";

const empty = Buffer.alloc(0);

function ledgerOf(...pairs: [path: string, id: string][]): Ledger {
  const ledger = new Ledger();
  for (const [path, id] of pairs) ledger.record(path, id, "", empty, 1);
  return ledger;
}

describe("Ledger", () => {
  it("counts requests, distinct messages and duplicates", () => {
    const ledger = ledgerOf(["/a/0", "1"], ["/a/0", "2"], ["/a/0", "1"], ["/a/1", "1"], ["/b/0", "9"]);
    expect(ledger.arrivals("a")).toMatchObject({ requests: 4, distinct: 3, duplicates: 1 });
    expect(ledger.arrivals("b")).toMatchObject({ requests: 1, distinct: 1, duplicates: 0 });
    expect(ledger.arrivals("c")).toMatchObject({ requests: 0, distinct: 0, duplicates: 0 });
  });

  it("reports no missing delivery when every member got every message", () => {
    const ledger = ledgerOf(["/a/0", "1"], ["/a/1", "1"]);
    expect(ledger.compare("a", ["0", "1"], ["1"])).toEqual({
      expected: 2,
      missing: 0,
      missingExamples: [],
      duplicates: 0,
      unexpected: 0,
    });
  });

  it("names the message that a member did not get", () => {
    const ledger = ledgerOf(["/a/0", "1"], ["/a/0", "2"], ["/a/1", "2"]);
    expect(ledger.compare("a", ["0", "1"], ["1", "2"])).toMatchObject({ missing: 1, missingExamples: ["/a/1 1"] });
  });

  it("counts every message as missing for a member that got none", () => {
    expect(new Ledger().compare("a", ["0"], ["1", "2"])).toMatchObject({ expected: 2, missing: 2 });
  });

  it("counts deliveries of messages that were not accepted", () => {
    expect(ledgerOf(["/a/0", "1"], ["/a/0", "7"]).compare("a", ["0"], ["1"])).toMatchObject({
      missing: 0,
      unexpected: 1,
    });
  });

  it("records the delay of each distinct message, in timed groups only", () => {
    const ledger = new Ledger();
    const body = Buffer.from("00000000000001000500 and more");
    ledger.record("/timed-x/0", "1", "", body, 1002.75);
    ledger.record("/timed-x/0", "1", "", body, 2000);
    ledger.record("/x/0", "1", "", body, 1002.75);
    expect(ledger.latenciesMs("timed-x")).toEqual([2.25]);
    expect(ledger.latenciesMs("x")).toEqual([]);
  });

  it("keeps a copy of the first request of a group as its sample", () => {
    const ledger = new Ledger();
    const body = Buffer.from("first");
    ledger.record("/a/0", "1", "head", body, 1);
    body.fill("x");
    expect(Buffer.from(ledger.sample("a")?.body ?? []).toString()).toBe("first");
    ledger.discard("a");
    expect(ledger.sample("a")).toBeNull();
  });
});
