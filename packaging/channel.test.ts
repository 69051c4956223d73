import { expect, it } from "vitest";
import { channelOf, mayReleaseFrom } from "./channel.ts";

it.each([
  ["1.0.0", [], "latest"],
  ["1.2.0", ["v1.0.0", "v1.1.9"], "latest"],
  ["1.2.0", ["v1.2.0"], "latest"],
  ["1.1.10", ["v1.1.9", "v1.2.0"], "previous"],
  ["1.1.10", ["v1.1.9", "v1.2.0-rc.1"], "latest"],
  ["2.0.0-rc.1", ["v1.2.0"], "next"],
  ["2.0.0-rc.1", [], "next"],
  ["1.2.0", ["", "vienna"], "latest"],
])("%s beside %j is published as %s", (version, tags, channel) => {
  expect(channelOf(version, tags)).toBe(channel);
});

it.each([
  ["main", "1.2.3", true],
  ["release/1.2", "1.2.3", true],
  ["release/1.2", "1.3.0", false],
  ["release/1.2", "2.2.0", false],
  ["release/1.20", "1.2.0", false],
  ["feature", "1.2.3", false],
])("from %s, %s may be released: %s", (branch, version, may) => {
  expect(mayReleaseFrom(branch, version)).toBe(may);
});
