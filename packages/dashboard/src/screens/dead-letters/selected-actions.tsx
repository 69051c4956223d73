import { useState } from "react";
import { useAction } from "../../api/action.ts";
import { useBlocks } from "../../api/rights.ts";
import { client, useSignedIn } from "../../api/session.ts";
import { Button } from "../../parts/button.tsx";
import { Confirm } from "../../parts/dialog.tsx";
import { ProblemNotice } from "../../parts/notice.tsx";
import { useText } from "../../language/text.ts";
import type { DeadLetterRow } from "./dead-letter-columns.tsx";

const base = "/v1/topics/{topic}/subscriptions/{subscription}/dead-letters";
const changes = ["/v1/dead-letters", "/v1/subscriptions", "/v1/topics/{topic}/subscriptions/{subscription}"] as const;
/** The API takes this many ids at once. */
const idsMax = 1_000;

interface SelectedProps {
  readonly chosen: readonly DeadLetterRow[];
  readonly onDone: () => void;
}

/** Sends chosen dead letters again, or deletes them for good. Nothing without a choice. */
export function SelectedActions({ chosen, onDone }: SelectedProps) {
  const text = useText();
  const { change: blocked } = useBlocks();
  const { portal } = useSignedIn();
  const [isAsking, setAsking] = useState(false);
  const redrive = useAction({
    run: () => redriveAll(chosen),
    changes,
    done: () => text.count("deadLetters.redriven", chosen.length),
  });
  const remove = useAction({
    run: () => removeAll(chosen),
    changes,
    done: () => text.count("deadLetters.deleted", chosen.length),
  });
  if (chosen.length === 0) return null;
  return (
    <>
      <ProblemNotice error={redrive.error} />
      {!portal && (
        <Button kind="danger" blocked={blocked} onClick={() => setAsking(true)}>
          {text.count("deadLetters.delete", chosen.length)}
        </Button>
      )}
      <Button
        kind="primary"
        busy={redrive.isPending}
        blocked={blocked}
        onClick={() => redrive.mutate(undefined, { onSuccess: onDone })}
      >
        {text.count("deadLetters.redrive", chosen.length)}
      </Button>
      <Confirm
        title={text.count("deadLetters.delete", chosen.length)}
        verb={text("common.delete")}
        open={isAsking}
        onClose={() => setAsking(false)}
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate(undefined, { onSuccess: onDone })}
      >
        {text("deadLetters.deleteHelp")}
      </Confirm>
    </>
  );
}

/** The API redrives those of one subscription at a time. */
async function redriveAll(chosen: readonly DeadLetterRow[]): Promise<void> {
  for (const [, rows] of Map.groupBy(chosen, ({ topic, subscription }) => `${topic}/${subscription}`)) {
    const [{ topic, subscription } = { topic: "", subscription: "" }] = rows;
    for (let start = 0; start < rows.length; start += idsMax) {
      const ids = rows.slice(start, start + idsMax).map(({ id }) => id);
      await client().post(`${base}/redrive`, { params: { path: { topic, subscription } }, body: { ids } });
    }
  }
}

async function removeAll(chosen: readonly DeadLetterRow[]): Promise<void> {
  for (const { topic, subscription, id } of chosen) {
    await client().delete(`${base}/{id}`, { params: { path: { topic, subscription, id } } });
  }
}
