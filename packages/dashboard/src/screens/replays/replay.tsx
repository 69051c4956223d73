import { useState } from "react";
import { Link, useParams } from "wouter";
import { to } from "../../app/addresses.ts";
import { Page } from "../../app/page.tsx";
import { useAction } from "../../api/action.ts";
import { useRead } from "../../api/queries.ts";
import { useBlocks } from "../../api/rights.ts";
import { client } from "../../api/session.ts";
import { Button } from "../../parts/button.tsx";
import { Confirm } from "../../parts/dialog.tsx";
import { Field, Input } from "../../parts/field.tsx";
import { Loading, ProblemNotice } from "../../parts/notice.tsx";
import { Facts, Panel } from "../../parts/panel.tsx";
import { Stat, StatRow } from "../../parts/stat.tsx";
import { Status } from "../../parts/status.tsx";
import { Time } from "../../parts/time.tsx";
import { count } from "../../format/numbers.ts";
import { useText } from "../../language/text.ts";
import { Progress, replayTones, type Replay } from "./progress.tsx";

const path = "/v1/replays/{id}";
const changes = ["/v1/replays/{id}", "/v1/replays"] as const;
const readEveryMs = 1_000;

/** One replay: its progress, its rate, and its end. */
export default function ReplayScreen() {
  const text = useText();
  const { id = "" } = useParams();
  const { data, error, refetch } = useRead(path, { params: { path: { id } } }, { everyMs: readEveryMs });
  return (
    <Page
      title={text("replays.one")}
      note={
        data !== undefined && (
          <Status tone={replayTones[data.state] ?? "plain"}>{text.named("replayState", data.state)}</Status>
        )
      }
      above={[[text("nav.replays"), to.replays]]}
      actions={data !== undefined && data.endedAt === null && <ReplayActions replay={data} />}
    >
      {error !== null && <ProblemNotice error={error} retry={() => void refetch()} />}
      {data === undefined && error === null && <Loading />}
      {data !== undefined && <Shown replay={data} />}
    </Page>
  );
}

function Shown({ replay }: { readonly replay: Replay }) {
  const text = useText();
  const number = (n: number): string => count(n, text.language);
  const { topic, subscription, target, from, to: until, types, only, createdAt, endedAt, matched, exact } = replay;
  return (
    <>
      <Panel title={text("replays.progress")}>
        <Progress replay={replay} />
      </Panel>
      <StatRow>
        <Stat label={text("replays.matching")} value={number(matched)} note={exact ? "" : text("replays.atMost")} />
        <Stat label={text("replays.sent")} value={number(replay.sent)} />
        <Stat label={text("replays.waiting")} value={number(replay.waiting)} />
        <Stat label={text("replays.skipped")} value={number(replay.skipped)} note={text("replays.skippedHelp")} />
        <Stat label={text("replays.expired")} value={number(replay.expired)} />
      </StatRow>
      {endedAt === null && <Rate replay={replay} />}
      <Panel title={text("replays.details")}>
        <Facts
          facts={[
            [text("replays.kind"), text.named("replayKind", replay.kind)],
            [
              text("replays.target"),
              <Link key="target" href={to.subscription(topic, target)} className="text-accent hover:underline">
                {`${topic} / ${target}`}
              </Link>,
            ],
            [text("nav.subscription"), subscription],
            [text("replays.positions"), from === null || until === null ? undefined : `${from} – ${until}`],
            [text("label.types"), types.length === 0 ? undefined : types.join(", ")],
            [text("replays.only"), text.named("replayOnly", only)],
            [text("common.createdAt"), <Time key="created" at={createdAt} />],
            [text("replays.endedAt"), endedAt === null ? undefined : <Time key="ended" at={endedAt} />],
            [text("replays.reason"), replay.reason === null ? undefined : text.named("replayReason", replay.reason)],
          ]}
        />
      </Panel>
    </>
  );
}

/** The rate can be changed while the replay runs. */
function Rate({ replay }: { readonly replay: Replay }) {
  const text = useText();
  const { change: blocked } = useBlocks();
  const [given, setGiven] = useState<string | null>(null);
  const value = given ?? String(replay.perSecond ?? "");
  const set = useAction({
    run: (perSecond: number | null) =>
      client().patch(path, { params: { path: { id: replay.id } }, body: { perSecond } }),
    changes,
    done: () => text("replays.rateChanged"),
  });
  const save = (): void => set.mutate(value === "" ? null : Number(value), { onSuccess: () => setGiven(null) });
  return (
    <Panel title={text("replays.rate")}>
      <div className="flex flex-wrap items-end gap-3">
        <Field label={text("replays.rate")} help={text("replays.rateHelp")}>
          <Input type="number" min={1} max={1000} value={value} onChange={({ target }) => setGiven(target.value)} />
        </Field>
        <Button busy={set.isPending} blocked={given === null ? text("replays.unchanged") : blocked} onClick={save}>
          {text("replays.setRate")}
        </Button>
      </div>
      <ProblemNotice error={set.error} />
    </Panel>
  );
}

function ReplayActions({ replay }: { readonly replay: Replay }) {
  const text = useText();
  const { change: blocked } = useBlocks();
  const [isAsking, setAsking] = useState(false);
  const params = { path: { id: replay.id } };
  const isPaused = replay.state === "paused";
  const pause = useAction({
    run: () => client().patch(path, { params, body: { paused: !isPaused } }),
    changes,
    done: () => text(isPaused ? "replays.goesOn" : "replays.isPaused"),
  });
  const cancel = useAction({
    run: () => client().delete(path, { params }),
    changes,
    done: () => text("replays.isCancelled"),
  });
  return (
    <>
      <ProblemNotice error={pause.error} />
      <Button busy={pause.isPending} blocked={blocked} onClick={() => pause.mutate()}>
        {text(isPaused ? "replays.goOn" : "replays.pause")}
      </Button>
      <Button kind="danger" blocked={blocked} onClick={() => setAsking(true)}>
        {text("replays.cancel")}
      </Button>
      <Confirm
        title={text("replays.cancel")}
        verb={text("replays.cancel")}
        open={isAsking}
        onClose={() => setAsking(false)}
        busy={cancel.isPending}
        error={cancel.error}
        onConfirm={() => cancel.mutate(undefined, { onSuccess: () => setAsking(false) })}
      >
        {text("replays.cancelHelp")}
      </Confirm>
    </>
  );
}
