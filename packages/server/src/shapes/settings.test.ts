import { Type } from "typebox";
import { describe, expect, it } from "vitest";
import { closed, nullable } from "./schema-parts.ts";
import { complete, optional, settingsShape, viewMembers, viewOf } from "./settings.ts";

const settings = Type.Object(
  {
    to: Type.Object({ url: Type.String(), timeoutMs: optional(Type.Integer({ minimum: 1 }), 15) }, closed),
    filter: optional(Type.Object({ tags: optional(Type.Array(Type.String()), []) }, closed), {}),
    delay: optional(
      Type.Union([
        Type.Enum(["none"]),
        Type.Object({ fixedMs: Type.Integer() }, closed),
        Type.Object({ baseMs: Type.Integer(), factor: optional(Type.Number(), 2) }, closed),
      ]),
      "none",
    ),
    kept: optional(nullable(Type.Integer()), null),
    note: Type.Optional(Type.String()),
  },
  closed,
);
const shape = settingsShape(settings, { settle: (given) => complete(settings, given) });
const least = { to: { url: "x" } };
const whole = { to: { url: "x", timeoutMs: 15 }, filter: { tags: [] }, delay: "none", kept: null };

describe("a description of settings", () => {
  it("gives members that a body leaves out their defaults, also in nested objects, in the description's order", () => {
    expect(shape.read(least)).toEqual(whole);
    const given = { note: "n", delay: { baseMs: 1 }, filter: {}, to: { timeoutMs: 7, url: "x" } };
    const read = shape.read(given);
    expect(read).toEqual({ ...whole, to: { url: "x", timeoutMs: 7 }, delay: { baseMs: 1, factor: 2 }, note: "n" });
    expect(JSON.stringify(read)).toBe(JSON.stringify(shape.read(read)));
    expect(Object.keys(read)).toEqual(["to", "filter", "delay", "kept", "note"]);
  });

  it("returns a view with every member, in which null stands for a member without value and default", () => {
    expect(viewOf(settings, least)).toEqual({ ...whole, note: null });
    const view = Type.Object(viewMembers(settings));
    expect(view).toMatchObject({
      required: ["to", "filter", "delay", "kept", "note"],
      properties: {
        to: { required: ["url", "timeoutMs"] },
        filter: { required: ["tags"] },
        delay: { anyOf: [{ enum: ["none"] }, { required: ["fixedMs"] }, { required: ["baseMs", "factor"] }] },
        kept: { type: ["integer", "null"] },
        note: { type: ["string", "null"] },
      },
    });
  });

  it("shows a setting that the stored settings lack with its default, and does not show unknown members", () => {
    expect(viewOf(settings, { to: { url: "x" }, kept: 3, name: "n" })).toEqual({ ...whole, kept: 3, note: null });
  });

  it("gives a patch whose members may all be left out or null", () => {
    expect(shape.patch).not.toHaveProperty("required");
    for (const patch of [
      {},
      { to: { url: null } },
      { delay: { factor: null } },
      { delay: { fixedMs: null, baseMs: 1 } },
    ]) {
      expect(shape.readPatch(patch)).toBe(patch);
    }
    for (const patch of [{ two: 1 }, { to: { timeoutMs: 0 } }, { filter: { tags: "a" } }, { delay: "some" }, []]) {
      expect(() => shape.readPatch(patch)).toThrow(expect.objectContaining({ code: "invalid_request" }));
    }
  });

  it("reads stored settings as a patch changes them", () => {
    const stored = { ...whole, name: "n", delay: { fixedMs: 3 }, note: "n" };
    expect(shape.patched(stored, { to: { timeoutMs: 9 }, note: null })).toEqual({
      ...whole,
      to: { url: "x", timeoutMs: 9 },
      delay: { fixedMs: 3 },
    });
    expect(shape.patched(stored, { delay: { fixedMs: null, baseMs: 1 } })).toMatchObject({
      delay: { baseMs: 1, factor: 2 },
    });
    expect(() => shape.patched(stored, { to: { url: null } })).toThrow("to.url: is missing");
    expect(() => shape.patched(stored, { delay: { baseMs: 1 } })).toThrow("delay");
  });
});
