import { describe, expect, it } from "vitest";
import { eventTypeShape } from "../shapes/event-type.ts";
import { ConfigError } from "./config-error.ts";
import { loadConfig } from "./config.ts";

const load = (file: string) => loadConfig({ flags: { config: "ringback.yaml" }, env: {}, readFile: () => file });

describe("event types of the file", () => {
  it("are declared with the same settings as the API makes of the same bodies", () => {
    const file = `
eventTypes:
  invoice.paid:
    version: "2"
    schema: { type: object, required: [id] }
    example: { id: in_1 }
  invoice.void:
topics:
  billing: { accepts: { types: listed } }
`;
    const { eventTypes, topics } = load(file).declared;
    expect(eventTypes).toEqual([
      {
        name: "invoice.paid",
        value: eventTypeShape.read({
          version: "2",
          schema: { type: "object", required: ["id"] },
          example: { id: "in_1" },
        }),
        origin: "ringback.yaml:3",
      },
      { name: "invoice.void", value: eventTypeShape.read({}), origin: "ringback.yaml:7" },
    ]);
    expect(topics[0]?.value.settings).toMatchObject({ accepts: { types: "listed", bodies: "any" } });
  });

  it("are refused with the line of the fault", () => {
    expect(() => load("eventTypes:\n  a:\n    deprecated: maybe\n")).toThrow(ConfigError);
    expect(() => load("eventTypes:\n  a:\n    deprecated: maybe\n")).toThrow(/ringback\.yaml:3/);
  });
});
