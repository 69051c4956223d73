import { describe, expect, it } from "vitest";
import { loadConfig } from "./config.ts";

function load(env: Readonly<Record<string, string>>, file = "") {
  const named: Readonly<Record<string, string>> = file === "" ? {} : { RINGBACK_CONFIG: "ringback.yaml" };
  return loadConfig({ flags: {}, env: { ...env, ...named }, readFile: () => file });
}

describe("the collector", () => {
  it("can be named by OpenTelemetry's variable, if no other source names it", () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://standard:4318" };
    expect(load(env).otlpEndpoint).toBe("http://standard:4318");
    expect(load(env, "otlpEndpoint: https://file.test/otlp").otlpEndpoint).toBe("https://file.test/otlp");
    expect(load({ ...env, RINGBACK_OTLP_ENDPOINT: "http://own:4318" }).otlpEndpoint).toBe("http://own:4318");
  });

  it.each(["collector:4318", "grpc://collector:4317", "http://", "http://a/?b", "http://a/#b", "http:// a"])(
    "cannot be %j",
    (value) => {
      expect(() => load({ RINGBACK_OTLP_ENDPOINT: value })).toThrow(/otlpEndpoint cannot be .*; give a URL/);
    },
  );

  it("is not named with a password, which the error does not show", () => {
    const env = { RINGBACK_OTLP_ENDPOINT: "http://me:s3cr3t@collector" };
    expect(() => load(env)).toThrow(/otlpEndpoint has a user or a password; give/);
    expect(() => load(env)).not.toThrow(/s3cr3t/);
  });
});

describe("the headers for the collector", () => {
  it("are decoded", () => {
    const env = { RINGBACK_OTLP_HEADERS: "authorization=Bearer%20a=b, x-team = blue " };
    expect(load(env).otlpHeaders).toEqual(["authorization=Bearer a=b", "x-team=blue"]);
  });

  it.each(["novalue", "a=", "=b", "a=%zz", "a=b%0d%0ac: d", "ü=1", "a b=c"])(
    "cannot be %j, and the error does not show them",
    (value) => {
      expect(() => load({ RINGBACK_OTLP_HEADERS: value })).toThrow(/otlpHeaders is not valid; give name=value/);
    },
  );
});

describe("the part of traces that is recorded", () => {
  it.each([
    ["0", 0],
    ["1", 1],
    ["0.05", 0.05],
    [".5", 0.5],
  ])("can be %s", (text, value) => {
    expect(load({ RINGBACK_TRACE_SAMPLE_RATIO: text }).traceSampleRatio).toBe(value);
    expect(load({}, `traceSampleRatio: ${text}`).traceSampleRatio).toBe(value);
  });

  it.each(["-1", "1.1", "2", "1e-3", "NaN", "half", "5%"])("cannot be %s", (text) => {
    expect(() => load({ RINGBACK_TRACE_SAMPLE_RATIO: text })).toThrow(/give a number from 0 to 1/);
  });
});
