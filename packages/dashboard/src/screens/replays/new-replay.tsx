import { useState } from "react";
import { useLocation } from "wouter";
import type { components } from "@ringback/sdk/client";
import { to, useQueryValue } from "../../app/addresses.ts";
import { useAction } from "../../api/action.ts";
import { client } from "../../api/session.ts";
import { Button } from "../../parts/button.tsx";
import { Code } from "../../parts/code.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { Field, Input, Select } from "../../parts/field.tsx";
import { FilterText, FilterTime, givenTime } from "../../parts/filter.tsx";
import { Notice, ProblemNotice } from "../../parts/notice.tsx";
import { useText } from "../../language/text.ts";

type Settings = components["schemas"]["ReplaySettings"];

const path = "/v1/topics/{topic}/subscriptions/{subscription}/replays";
const words = (text: string): string[] => text.split(/[\s,]+/).filter((word) => word !== "");

/** Sends messages of a topic again: first counts them, and then starts. */
export function NewReplay({ onClose }: { readonly onClose: () => void }) {
  const text = useText();
  const [topic, setTopic] = useQueryValue("topic");
  const [subscription, setSubscription] = useQueryValue("subscription");
  const { settings, fields } = useSettings();
  const [, navigate] = useLocation();
  const params = { path: { topic, subscription } };
  const count = useAction({
    run: async (given: Settings) => ({
      given,
      answer: await client().post(path, { params, body: { ...given, dryRun: true } }),
    }),
    changes: [],
  });
  const start = useAction({
    run: () => client().post(path, { params, body: settings }),
    changes: ["/v1/replays"],
    done: () => text("replays.started"),
  });
  // The count must belong to the settings that are sent.
  const counted = JSON.stringify(count.data?.given) === JSON.stringify(settings) ? count.data?.answer : undefined;
  const missing = topic === "" || subscription === "" ? text("replays.whichSubscription") : undefined;
  const send = (): void =>
    start.mutate(undefined, { onSuccess: (made) => "id" in made && navigate(to.replay(made.id)) });
  return (
    <Dialog
      wide
      open
      title={text("replays.new")}
      onClose={onClose}
      actions={
        counted === undefined ? (
          <Button kind="primary" busy={count.isPending} blocked={missing} onClick={() => count.mutate(settings)}>
            {text("replays.count")}
          </Button>
        ) : (
          <Button kind="primary" busy={start.isPending} onClick={send}>
            {text.count("replays.send", counted.matched)}
          </Button>
        )
      }
    >
      <p className="text-muted">{text("replays.about")}</p>
      <div className="grid gap-3 sm:grid-cols-2">
        <FilterText label={text("nav.topic")} value={topic} onChange={setTopic} />
        <FilterText label={text("nav.subscription")} value={subscription} onChange={setSubscription} />
        {fields}
      </div>
      {counted !== undefined && (
        <Notice tone="active">
          {text.count(counted.exact ? "replays.matched" : "replays.matchedAtMost", counted.matched)}
        </Notice>
      )}
      <ProblemNotice error={count.error ?? start.error} />
      <Code
        label={`POST /v1/topics/${topic === "" ? "…" : topic}/subscriptions/${subscription === "" ? "…" : subscription}/replays`}
        text={JSON.stringify(settings, null, 2)}
      />
    </Dialog>
  );
}

/** The range, the choice and the rate of a replay, with their fields. */
function useSettings() {
  const text = useText();
  const [from, setFrom] = useState("");
  const [until, setUntil] = useState("");
  const [types, setTypes] = useState("");
  const [only, setOnly] = useState<"all" | "failed">("all");
  const [perSecond, setPerSecond] = useState("100");
  const [fromTime, toTime] = [givenTime(from), givenTime(until)];
  const settings: Settings = {
    from: fromTime === undefined ? "oldest" : { at: fromTime },
    ...(toTime !== undefined && { to: { at: toTime } }),
    ...(words(types).length > 0 && { types: words(types) }),
    only,
    perSecond: perSecond === "" ? null : Number(perSecond),
  };
  const fields = [
    <FilterTime key="from" label={text("replays.from")} value={from} onChange={setFrom} />,
    <FilterTime key="to" label={text("replays.to")} value={until} onChange={setUntil} />,
    <Field key="types" label={text("label.types")} help={text("replays.typesHelp")}>
      <Input value={types} placeholder="invoice.*" onChange={({ target }) => setTypes(target.value)} />
    </Field>,
    <Field key="only" label={text("replays.only")}>
      <Select value={only} onChange={({ target }) => setOnly(target.value === "failed" ? "failed" : "all")}>
        <option value="all">{text("replayOnly.all")}</option>
        <option value="failed">{text("replayOnly.failed")}</option>
      </Select>
    </Field>,
    <Field key="rate" label={text("replays.rate")} help={text("replays.rateHelp")}>
      <Input type="number" min={1} max={1000} value={perSecond} onChange={({ target }) => setPerSecond(target.value)} />
    </Field>,
  ];
  return { settings, fields };
}
