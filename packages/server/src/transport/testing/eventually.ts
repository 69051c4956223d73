import { expect } from "vitest";

/** Waits until what `read` returns is as expected; long enough for a machine that is busy with other tests. */
// oxlint-disable-next-line vitest/require-awaited-expect-poll -- the caller awaits
export const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 15_000, interval: 10 });
