import { useState } from "react";
import { useLocation } from "wouter";
import { to } from "../../app/addresses.ts";
import { useAction } from "../../api/action.ts";
import { useBlocks } from "../../api/rights.ts";
import { client } from "../../api/session.ts";
import { Button } from "../../parts/button.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { Field, Input } from "../../parts/field.tsx";
import { Notice, ProblemNotice } from "../../parts/notice.tsx";
import { useText } from "../../language/text.ts";
import type { DeadLetterFilter, DeadLetterQuery } from "./dead-letter-filter.tsx";

const path = "/v1/topics/{topic}/subscriptions/{subscription}/dead-letters/redrive";
const perSecondDefault = 100;

/** Sends all matching dead letters of one subscription again, as a replay: counted first, then at a rate. */
export function MatchingActions({ filter }: { readonly filter: DeadLetterFilter }) {
  const text = useText();
  const { change } = useBlocks();
  const [isOpen, setOpen] = useState(false);
  const { topic, subscription } = filter.query;
  const blocked = topic === undefined || subscription === undefined ? text("deadLetters.oneSubscription") : change;
  return (
    <>
      <Button blocked={blocked} onClick={() => setOpen(true)}>
        {text("deadLetters.redriveMatching")}
      </Button>
      {isOpen && topic !== undefined && subscription !== undefined && (
        <RedriveDialog target={{ topic, subscription }} query={filter.query} onClose={() => setOpen(false)} />
      )}
    </>
  );
}

interface RedriveProps {
  readonly target: { readonly topic: string; readonly subscription: string };
  readonly query: DeadLetterQuery;
  readonly onClose: () => void;
}

function RedriveDialog({ target, query, onClose }: RedriveProps) {
  const text = useText();
  const [perSecond, setPerSecond] = useState(perSecondDefault);
  const [, navigate] = useLocation();
  const params = { path: target };
  const count = useAction({
    run: () => client().post(path, { params, body: { ...bodyOf(query), dryRun: true } }),
    changes: [],
  });
  const redrive = useAction({
    run: () => client().post(path, { params, body: { ...bodyOf(query), perSecond } }),
    changes: ["/v1/dead-letters", "/v1/replays"],
    done: () => text("deadLetters.redriveStarted"),
  });
  const counted = count.data as { readonly matched: number; readonly exact: boolean } | undefined;
  const start = (): void =>
    redrive.mutate(undefined, {
      onSuccess: (made) => {
        onClose();
        if ("id" in made) navigate(to.replay(made.id));
      },
    });
  return (
    <Dialog
      open
      title={text("deadLetters.redriveMatching")}
      onClose={onClose}
      actions={
        counted === undefined ? (
          <Button kind="primary" busy={count.isPending} onClick={() => count.mutate()}>
            {text("replays.count")}
          </Button>
        ) : (
          <Button kind="primary" busy={redrive.isPending} onClick={start}>
            {text.count("deadLetters.redrive", counted.matched)}
          </Button>
        )
      }
    >
      <p>{text("deadLetters.redriveHelp", target)}</p>
      <Field label={text("replays.rate")} help={text("replays.rateHelp")}>
        <Input
          type="number"
          min={1}
          max={1000}
          value={perSecond}
          onChange={({ target }) => setPerSecond(target.valueAsNumber)}
        />
      </Field>
      {counted !== undefined && (
        <Notice tone="active">
          {text.count(counted.exact ? "replays.matched" : "replays.matchedAtMost", counted.matched)}
        </Notice>
      )}
      <ProblemNotice error={count.error ?? redrive.error} />
    </Dialog>
  );
}

/** A redrive with a filter is a replay; a filter that matches all is one by time. */
function bodyOf({ reason, status, from, to: until }: DeadLetterQuery) {
  const statuses = status === undefined ? [] : status.endsWith("xx") ? hundred(Number(status[0])) : [Number(status)];
  return {
    ...(reason !== undefined && { reasons: [reason] }),
    ...(statuses.length > 0 && { statuses }),
    ...(from !== undefined && { from }),
    to: until ?? new Date().toISOString(),
  };
}

function hundred(first: number): number[] {
  return Array.from({ length: 100 }, (_, index) => first * 100 + index);
}
