import { useAction } from "../../api/action.ts";
import { useBlocks } from "../../api/rights.ts";
import { client } from "../../api/session.ts";
import { Button } from "../../parts/button.tsx";
import { ProblemNotice } from "../../parts/notice.tsx";
import { useText } from "../../language/text.ts";

export interface Chosen {
  readonly topic: string;
  readonly subscription: string;
}

type Change = "pause" | "resume";

interface BulkResult {
  readonly change: Change;
  readonly done: number;
}

interface BulkActionsProps {
  readonly chosen: readonly Chosen[];
  readonly onDone: () => void;
}

/** Pauses or resumes the chosen subscriptions, one after the other, and stops at the first that fails. */
export function BulkActions({ chosen, onDone }: BulkActionsProps) {
  const text = useText();
  const blocks = useBlocks();
  const { mutate, isPending, error } = useAction({
    run: (change: Change) => changeAll(chosen, change),
    changes: ["/v1/subscriptions"],
    done: ({ change, done }) =>
      text.count(change === "pause" ? "subscriptions.pausedMany" : "subscriptions.resumedMany", done),
  });
  const blocked = blocks.change ?? (chosen.length === 0 ? text("subscriptions.chooseFirst") : undefined);
  const button = (change: Change) => (
    <Button busy={isPending} blocked={blocked} onClick={() => mutate(change, { onSuccess: onDone })}>
      {text(`subscriptions.${change}`)}
    </Button>
  );
  return (
    <>
      {chosen.length > 0 && <span className="text-muted">{text.count("subscriptions.chosen", chosen.length)}</span>}
      {button("pause")}
      {button("resume")}
      <ProblemNotice error={error} />
    </>
  );
}

async function changeAll(chosen: readonly Chosen[], change: Change): Promise<BulkResult> {
  for (const path of chosen) {
    await client().post(`/v1/topics/{topic}/subscriptions/{subscription}/${change}`, { params: { path } });
  }
  return { change, done: chosen.length };
}
