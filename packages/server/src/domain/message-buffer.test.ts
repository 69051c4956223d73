import { describe, expect, it } from "vitest";
import { MessageBuffer } from "./message-buffer.ts";
import type { Buffered, BufferLimits } from "./message-buffer.ts";

const text = ({ body }: { readonly body: Uint8Array }) => Buffer.from(body).toString();

function buffer(limits: Partial<BufferLimits> = {}) {
  const messages = new MessageBuffer({ whilePolledMs: null, messagesMax: 100, bytesMax: 1_000, ...limits }, 0);
  return Object.assign(messages, {
    put: (body: string, nowMs = 0) => messages.arrive(Buffer.from(body), nowMs),
    all: (nowMs = 0) => {
      const texts: string[] = [];
      for (let next = messages.take(nowMs); next !== null; next = messages.take(nowMs)) {
        texts.push(text(next));
        messages.gone(next);
      }
      return texts;
    },
  });
}

describe("a buffer of messages", () => {
  it("gives them in the order in which they came", () => {
    const messages = buffer();
    expect(["1", "2", "3"].map((body) => messages.put(body))).toEqual(["kept", "kept", "kept"]);
    expect(messages.all()).toEqual(["1", "2", "3"]);
    expect(messages.take(0)).toBeNull();
  });

  it("takes back what nobody got, each in its place", () => {
    const messages = buffer();
    for (const body of ["1", "2", "3"]) messages.put(body);
    const taken = [messages.take(0), messages.take(0)] as Buffered[];
    for (const message of taken) messages.giveBack(message);
    expect([messages.count, messages.all()]).toEqual([3, ["1", "2", "3"]]);
  });

  it("refuses what is past its number of messages or of bytes, until there is room", () => {
    const few = buffer({ messagesMax: 2 });
    expect(["1", "2", "3"].map((body) => few.put(body))).toEqual(["kept", "kept", "full"]);
    few.take(0);
    expect(few.put("4")).toBe("kept");
    const small = buffer({ bytesMax: 10 });
    expect([small.put("x".repeat(6)), small.put("x".repeat(5)), small.put("x".repeat(4))]).toEqual([
      "kept",
      "full",
      "kept",
    ]);
    small.gone(small.take(0) as Buffered);
    expect(small.put("x".repeat(6))).toBe("kept");
  });

  it("counts the bytes of a message that is on its way to a client until the client has it", () => {
    const messages = buffer({ bytesMax: 10 });
    messages.put("x".repeat(6));
    const taken = messages.take(0) as Buffered;
    expect(messages.put("y".repeat(6))).toBe("full");
    messages.giveBack(taken);
    expect(messages.put("y".repeat(6))).toBe("full");
    messages.gone(messages.take(0) as Buffered);
    expect(messages.put("y".repeat(6))).toBe("kept");
  });

  it("keeps while it is polled, from its beginning on, and empties itself when something arrives later", () => {
    const messages = buffer({ whilePolledMs: 300_000 });
    expect(messages.put("1", 299_999)).toBe("kept");
    expect(messages.put("2", 300_000)).toBe("dropped");
    expect([messages.count, messages.all(300_000)]).toEqual([0, []]);
    expect(messages.put("3", 599_999)).toBe("kept");
    expect(messages.all(10_000_000)).toEqual(["3"]);
    expect(messages.put("4", 10_299_999)).toBe("kept");
  });

  it("does not take back what it had emptied itself of meanwhile, and counts none of its bytes", () => {
    const messages = buffer({ whilePolledMs: 10, bytesMax: 10 });
    messages.put("x".repeat(8));
    const taken = messages.take(0) as Buffered;
    messages.put("yy", 5);
    expect(messages.put("2", 10)).toBe("dropped");
    messages.take(20);
    expect(messages.put("z".repeat(3), 20)).toBe("full");
    messages.giveBack(taken);
    expect([messages.count, messages.put("z".repeat(10), 20)]).toEqual([0, "kept"]);
  });
});
