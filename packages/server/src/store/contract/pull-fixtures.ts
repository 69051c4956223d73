import { expect } from "vitest";
import type { Subscription } from "../../domain/model.ts";
import type { Claim, PulledDelivery, PulledSettlement } from "../log.ts";
import { attempt, invisibleUntil, type Scene, settlement } from "./fixtures.ts";

export const VISIBILITY_MS = 30_000;

/**
 * Claims deliveries and makes them invisible, as the engine does for receivers. Two pulls of one delivery must be at
 * different times, because a receipt handle contains the time of the first pull.
 */
export async function pull(
  scene: Scene,
  reader: Subscription,
  messagesMax = 100,
  countMin = 0,
): Promise<readonly PulledDelivery[]> {
  const want = { deliveriesMax: messagesMax };
  const claims = countMin === 0 ? [await scene.claim(reader, want)] : await scene.claimUntil(reader, countMin);
  const handles: PulledDelivery[] = [];
  for (const claim of claims) {
    const pulled = await settleAsPulled(scene, claim);
    expect(pulled.applied).toBe(claim.deliveries.length);
    handles.push(...pulled.handles);
  }
  return handles;
}

/** Makes claimed deliveries invisible. Returns their receipt handles, and how many settlements were applied. */
export async function settleAsPulled(
  scene: Scene,
  claim: Claim,
): Promise<{ readonly handles: readonly PulledDelivery[]; readonly applied: number }> {
  // The clock may advance before the settlements are written.
  const nowMs = scene.now;
  const applied = await scene.store.log.settle(
    claim.deliveries.map((delivery) =>
      settlement(claim, delivery, invisibleUntil(nowMs + VISIBILITY_MS, delivery.retriesMade + 1, nowMs), false),
    ),
  );
  const handles = claim.deliveries.map(({ message: { seq }, retriesMade, firstAttemptAtMs }) => ({
    seq,
    retriesMade: retriesMade + 1,
    firstAttemptAtMs: firstAttemptAtMs ?? nowMs,
  }));
  return { handles, applied };
}

export function ack(pulled: PulledDelivery): PulledSettlement {
  return {
    pulled,
    answer: { kind: "delivered", attempt: attempt(1, "accepted", { status: null, reply: null }) },
  };
}

export function due(pulled: PulledDelivery, dueAtMs: number): PulledSettlement {
  return { pulled, answer: { kind: "due", dueAtMs } };
}
