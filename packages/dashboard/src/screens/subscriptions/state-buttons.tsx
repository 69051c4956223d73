import { useAction } from "../../api/action.ts";
import { useBlocks } from "../../api/rights.ts";
import { client } from "../../api/session.ts";
import { announce } from "../../parts/announcements.ts";
import { Button } from "../../parts/button.tsx";
import { useText } from "../../language/text.ts";

export interface OfSubscription {
  readonly topic: string;
  readonly subscription: string;
}

const changed = [
  "/v1/subscriptions",
  "/v1/topics/{topic}/subscriptions",
  "/v1/topics/{topic}/subscriptions/{subscription}",
] as const;

type StateChange = "pause" | "resume" | "verify";

function useStateChange(path: OfSubscription, change: StateChange) {
  const text = useText();
  const blocks = useBlocks();
  const { mutate, isPending } = useAction({
    run: () => client().post(`/v1/topics/{topic}/subscriptions/{subscription}/${change}`, { params: { path } }),
    changes: changed,
    done: () => text(`subscription.${change}Done`),
  });
  const start = (): void => mutate(undefined, { onError: ({ message }) => announce(message) });
  return { start, busy: isPending, blocked: blocks.change };
}

export function PauseButton(path: OfSubscription) {
  const text = useText();
  const { start, busy, blocked } = useStateChange(path, "pause");
  return (
    <Button busy={busy} blocked={blocked} onClick={start}>
      {text("subscriptions.pause")}
    </Button>
  );
}

export function ResumeButton(path: OfSubscription) {
  const text = useText();
  const { start, busy, blocked } = useStateChange(path, "resume");
  return (
    <Button kind="primary" busy={busy} blocked={blocked} onClick={start}>
      {text("subscriptions.resume")}
    </Button>
  );
}

export function VerifyButton(path: OfSubscription) {
  const text = useText();
  const { start, busy, blocked } = useStateChange(path, "verify");
  return (
    <Button kind="primary" busy={busy} blocked={blocked} onClick={start}>
      {text("subscription.verify")}
    </Button>
  );
}
