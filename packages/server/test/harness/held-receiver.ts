import { type Receiver, startReceiver } from "./receiver.ts";

/** A receiver that sends no answers until `letGo` is called. */
export async function startHeldReceiver(): Promise<Receiver & { readonly heldCount: () => number; letGo(): void }> {
  let isHeld = true;
  const held: (() => void)[] = [];
  const receiver = await startReceiver((_arrival, response) => {
    const answer = (): void => void response.writeHead(200).end();
    if (isHeld) held.push(answer);
    else answer();
  });
  return Object.assign(receiver, {
    heldCount: () => held.length,
    letGo: () => {
      isHeld = false;
      for (const answer of held) answer();
    },
  });
}
