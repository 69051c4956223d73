import { useState } from "react";
import type { components } from "@ringback/sdk/client";
import { useAction } from "../../api/action.ts";
import { useBlocks } from "../../api/rights.ts";
import { client } from "../../api/session.ts";
import { Button } from "../../parts/button.tsx";
import { Body } from "../../parts/code.tsx";
import { Field, TextArea } from "../../parts/field.tsx";
import { ProblemNotice } from "../../parts/notice.tsx";
import { Facts, Panel } from "../../parts/panel.tsx";
import { Status } from "../../parts/status.tsx";
import { duration } from "../../format/time.ts";
import { useText } from "../../language/text.ts";

type Outcome = components["schemas"]["Outcome"];

const examples: Readonly<Record<string, string>> = {
  koipy: JSON.stringify({ type: "onMessage", text: "hello" }, null, 2),
  opencard: JSON.stringify({ card: "c_17", amount: 4200 }, null, 2),
  json: JSON.stringify({ payment: { id: "p_17", amount: 4200 } }, null, 2),
};

/** Calls the hook with a payload, and shows what the replies mean. */
export function CallPanel({ hook, protocol }: { readonly hook: string; readonly protocol: string }) {
  const text = useText();
  const { consume: blocked } = useBlocks();
  const [payload, setPayload] = useState(examples[protocol] ?? "{}");
  const call = useAction({
    run: () =>
      client().post("/v1/hooks/{hook}/call", { params: { path: { hook } }, body: JSON.parse(payload) as never }),
    changes: [],
  });
  return (
    <Panel title={text("hooks.call")}>
      <div className="grid gap-4 lg:grid-cols-2">
        <div className="flex flex-col gap-3">
          <Field label={text("hooks.payload")} help={text("hooks.payloadHelp")}>
            <TextArea rows={8} value={payload} onChange={({ target }) => setPayload(target.value)} />
          </Field>
          <ProblemNotice error={call.error} />
          <div>
            <Button kind="primary" busy={call.isPending} blocked={blocked} onClick={() => call.mutate()}>
              {text("hooks.callNow")}
            </Button>
          </div>
        </div>
        {call.data === undefined ? (
          <p className="text-muted">{text("hooks.noOutcome")}</p>
        ) : (
          <OutcomeView outcome={call.data} />
        )}
      </div>
    </Panel>
  );
}

function OutcomeView({ outcome }: { readonly outcome: Outcome }) {
  const text = useText();
  const { action, reason, data, attachments, httpStatus, durationMs, error, errorDetail } = outcome;
  return (
    <div className="flex flex-col gap-3" aria-live="polite">
      <p className="text-title">
        <Status tone={action === "reject" ? "bad" : "good"}>{text.named("outcome", action)}</Status>
      </p>
      <Facts
        facts={[
          [text("hooks.reason"), reason ?? undefined],
          [text("attempts.status"), httpStatus ?? undefined],
          [text("attempts.duration"), duration(durationMs)],
          [text("attempts.error"), [error, errorDetail].filter((part) => part !== null).join(" · ") || undefined],
        ]}
      />
      {data !== undefined && data !== null && (
        <Body given={{ body: data }} contentType="application/json" label={text("hooks.data")} />
      )}
      {attachments.map((attachment, index) => (
        <AttachmentView key={index} attachment={attachment} />
      ))}
    </div>
  );
}

function AttachmentView({ attachment }: { readonly attachment: Outcome["attachments"][number] }) {
  const text = useText();
  const { contentType, filename, bodyBase64 } = attachment;
  const name = safeName(filename ?? attachment.kind);
  // As bytes of no known type, which a browser saves and does not show.
  const href = `data:application/octet-stream;base64,${bodyBase64}`;
  return (
    <div className="flex flex-col gap-1">
      <Body given={{ bodyBase64 }} contentType={contentType} label={name} />
      <a href={href} download={name} className="text-accent hover:underline">
        {text("hooks.save", { name })}
      </a>
    </div>
  );
}

/** A name without a path, and with nothing that a file system takes for more than a name. */
function safeName(name: string): string {
  const plain = name.replaceAll(/[^\p{L}\p{N}._ -]/gu, "_").replace(/^\.+/, "");
  return plain === "" ? "attachment" : plain.slice(0, 100);
}
