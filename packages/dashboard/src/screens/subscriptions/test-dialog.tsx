import { useState } from "react";
import { useAction } from "../../api/action.ts";
import { client } from "../../api/session.ts";
import type { components } from "@ringback/sdk/client";
import { Button } from "../../parts/button.tsx";
import { Body, headerList, Headers } from "../../parts/code.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { Field, TextArea } from "../../parts/field.tsx";
import { ProblemNotice } from "../../parts/notice.tsx";
import { Status } from "../../parts/status.tsx";
import { duration } from "../../format/time.ts";
import { useText } from "../../language/text.ts";
import type { OfSubscription } from "./state-buttons.tsx";

type TestDelivery = components["schemas"]["TestDelivery"];

/** Sends a test message to the endpoint now, and shows exactly what was sent and what came back. */
export function TestDialog({ topic, subscription, onClose }: OfSubscription & { readonly onClose: () => void }) {
  const text = useText();
  const [body, setBody] = useState("");
  const fault = body !== "" && !isJson(body) ? text("publish.badJson") : undefined;
  const { mutate, isPending, error, data } = useAction({
    run: () =>
      client().post("/v1/topics/{topic}/subscriptions/{subscription}/test", {
        params: { path: { topic, subscription } },
        body: body === "" ? {} : { message: { body: JSON.parse(body) as never } },
      }),
    changes: [],
  });
  return (
    <Dialog
      wide
      open
      title={text("test.title", { subscription })}
      onClose={onClose}
      actions={
        <Button kind="primary" busy={isPending} blocked={fault} onClick={() => mutate()}>
          {text(data === undefined ? "test.send" : "test.again")}
        </Button>
      }
    >
      <Field label={text("test.body")} help={text("test.bodyHelp")} error={fault}>
        <TextArea
          rows={4}
          value={body}
          placeholder='{"type": "ringback.test"}'
          onChange={({ target }) => setBody(target.value)}
        />
      </Field>
      <ProblemNotice error={error} />
      {data !== undefined && <Outcome delivery={data} />}
    </Dialog>
  );
}

function Outcome({ delivery }: { readonly delivery: TestDelivery }) {
  const text = useText();
  const { verdict, error, errorDetail, durationMs, request, reply } = delivery;
  const isGood = verdict === "accepted";
  return (
    <div role="status" className="flex flex-col gap-3">
      <p className="flex flex-wrap items-baseline gap-x-3">
        <Status tone={isGood ? "good" : "bad"}>{text.named("verdict", verdict)}</Status>
        <span>{[reply?.status, error].filter((part) => part !== null && part !== undefined).join(" ")}</span>
        <span className="text-muted tabular-nums">{duration(durationMs)}</span>
      </p>
      {errorDetail !== null && <p>{errorDetail}</p>}
      {request === null ? (
        <p className="text-muted">{text("test.nothingSent")}</p>
      ) : (
        <>
          <Headers label={`${request.method ?? ""} ${request.url}`} headers={headerList(request.headers)} />
          <Body
            label={text("test.requestBody")}
            given={request}
            contentType={headerOf(request.headers, "content-type")}
          />
        </>
      )}
      {reply === null ? (
        <p className="text-muted">{text("test.noReply")}</p>
      ) : (
        <>
          <Headers label={text("test.reply", { status: String(reply.status) })} headers={headerList(reply.headers)} />
          <Body
            label={text("test.replyBody")}
            given={reply}
            contentType={headerOf(reply.headers, "content-type")}
            truncated={reply.truncated}
          />
        </>
      )}
    </div>
  );
}

function headerOf(headers: Readonly<Record<string, string | null>>, name: string): string | null {
  return Object.entries(headers).find(([given]) => given.toLowerCase() === name)?.[1] ?? null;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
