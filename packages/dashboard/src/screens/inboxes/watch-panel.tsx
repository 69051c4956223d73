import { useState } from "react";
import { useArrivals, type Arrival } from "../../api/arrivals.ts";
import { useBlocks } from "../../api/rights.ts";
import { Button } from "../../parts/button.tsx";
import { Body, headerList, Headers } from "../../parts/code.tsx";
import { Empty, ProblemNotice } from "../../parts/notice.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Status } from "../../parts/status.tsx";
import { Time } from "../../parts/time.tsx";
import { useText } from "../../language/text.ts";
import { bodyOf } from "../playground/arrival-body.ts";

/** Takes the messages of the inbox while it is switched on, and shows them. */
export function WatchPanel({ inbox }: { readonly inbox: string }) {
  const text = useText();
  const { consume: blocked } = useBlocks();
  const [isOn, setOn] = useState(false);
  const { items, error } = useArrivals(isOn ? inbox : null);
  return (
    <Panel
      title={text("inboxes.watch")}
      actions={
        <>
          {isOn && <Status tone="active">{text("inboxes.watching")}</Status>}
          <Button kind={isOn ? "plain" : "primary"} aria-pressed={isOn} blocked={blocked} onClick={() => setOn(!isOn)}>
            {text(isOn ? "inboxes.stop" : "inboxes.start")}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        <p className="text-muted">{text("inboxes.watchHelp")}</p>
        <ProblemNotice error={error} />
        {items.map((arrival) => (
          <Taken key={arrival.id} arrival={arrival} />
        ))}
        {isOn && items.length === 0 && <Empty>{text("inboxes.nothingYet")}</Empty>}
      </div>
    </Panel>
  );
}

function Taken({ arrival }: { readonly arrival: Arrival }) {
  const text = useText();
  const { id, takenAt, contentType, headers, query, body } = arrival;
  return (
    <article className="flex flex-col gap-2 border-t border-line pt-3">
      <p className="flex flex-wrap gap-x-3 text-small text-muted">
        <span className="font-mono">{id}</span>
        <Time at={takenAt} />
        {contentType !== null && <span>{contentType}</span>}
        {query !== null && <span>?{query}</span>}
      </p>
      <Body given={bodyOf(body)} contentType={contentType} label={text("messages.body")} />
      <details>
        <summary className="text-small text-muted">{text("playground.headers")}</summary>
        <Headers headers={headerList(headers)} label={text("playground.headers")} />
      </details>
    </article>
  );
}
