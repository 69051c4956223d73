import { expect } from "vitest";

/** Polls `read` until its result is as expected. The timeout only ends a test that has failed, so it is generous. */
// oxlint-disable-next-line vitest/require-awaited-expect-poll -- the caller awaits
export const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 60_000, interval: 10 });
