import { describe, expect, it } from "vitest";
import { RingbackError } from "../domain/errors.ts";
import { publishErrorsAt } from "./publish-errors.ts";

describe("a field that the engine names", () => {
  it.each([
    ["single", "messages[0].tags[1]", "tags[1]"],
    ["single", "tags[1]", "tags[1]"],
    ["batch", "messages[3].body", "messages[3].body"],
    ["batch", "body", "messages[0].body"],
    ["batch", "Idempotency-Key", "Idempotency-Key"],
  ] as const)("in a %s publish, %s, is shown as %s", (kind, named, shown) => {
    const rethrow = () => publishErrorsAt(kind)(RingbackError.at("invalid_tag", named, "is wrong"));
    expect(rethrow).toThrow(
      expect.objectContaining({
        code: "invalid_tag",
        message: `${shown}: is wrong`,
        details: [{ field: shown, message: "is wrong" }],
      }),
    );
  });

  it("leaves every other error as it is", () => {
    const full = new RingbackError("storage_full");
    expect(() => publishErrorsAt("single")(full)).toThrow(full);
  });
});
