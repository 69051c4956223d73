import { useState } from "react";
import type { PulledMessage } from "@ringback/sdk/client";
import { useAction } from "../../api/action.ts";
import { useBlocks } from "../../api/rights.ts";
import { client } from "../../api/session.ts";
import { Button } from "../../parts/button.tsx";
import { Body } from "../../parts/code.tsx";
import { Field, Select } from "../../parts/field.tsx";
import { Empty, Notice, ProblemNotice } from "../../parts/notice.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Tag } from "../../parts/status.tsx";
import { Time, useNow } from "../../parts/time.tsx";
import { useText } from "../../language/text.ts";
import type { OfSubscription } from "./state-buttons.tsx";

const base = "/v1/topics/{topic}/subscriptions/{subscription}";
const numbers = [1, 5, 10, 20] as const;

/** Pulls some messages as a receiver would, and acknowledges them or puts them back. */
export function PullPanel({ topic, subscription }: OfSubscription) {
  const text = useText();
  const blocks = useBlocks();
  const path = { topic, subscription };
  const [messagesMax, setMessagesMax] = useState<number>(5);
  const [held, setHeld] = useState<readonly PulledMessage[]>([]);
  const pull = useAction({
    run: () => client().post(`${base}/pull`, { params: { path }, body: { messagesMax } }),
    changes: [base],
    done: ({ messages }) => text.count("pull.pulled", messages.length),
  });
  const settle = useAction({
    run: async ({ action, handles }: Settlement) => {
      const init = { params: { path }, body: { receiptHandles: [...handles] } };
      const { results } =
        action === "ack" ? await client().post(`${base}/ack`, init) : await client().post(`${base}/nack`, init);
      return results.filter(({ result }) => result === "done").length;
    },
    changes: [base],
    done: (done, { action }) => text.count(action === "ack" ? "pull.acknowledged" : "pull.putBack", done),
  });
  const finish = (action: Settlement["action"], messages: readonly PulledMessage[]): void => {
    const handles = messages.map(({ receiptHandle }) => receiptHandle);
    const isLeft = ({ receiptHandle }: PulledMessage): boolean => !handles.includes(receiptHandle);
    settle.mutate({ action, handles }, { onSuccess: () => setHeld((before) => before.filter(isLeft)) });
  };
  const start = (): void =>
    pull.mutate(undefined, { onSuccess: ({ messages }) => setHeld((before) => [...messages, ...before]) });
  return (
    <Panel
      title={text("pull.title")}
      actions={
        <>
          <Field label={text("pull.number")} labelHidden>
            <Select value={messagesMax} onChange={({ target }) => setMessagesMax(Number(target.value))}>
              {numbers.map((n) => (
                <option key={n} value={n}>
                  {text.count("pull.messages", n)}
                </option>
              ))}
            </Select>
          </Field>
          <Button kind="primary" busy={pull.isPending} blocked={blocks.consume} onClick={start}>
            {text("pull.do")}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        <ProblemNotice error={pull.error ?? settle.error} />
        {pull.data?.messages.length === 0 && <Notice>{text("pull.nothing")}</Notice>}
        {held.length === 0 ? (
          <Empty title={text("pull.none")}>{text("pull.noneHelp")}</Empty>
        ) : (
          <AllButtons busy={settle.isPending} onFinish={(action) => finish(action, held)} />
        )}
        {held.map((message) => (
          <Held key={message.receiptHandle} message={message} onFinish={(action) => finish(action, [message])} />
        ))}
      </div>
    </Panel>
  );
}

interface Settlement {
  readonly action: "ack" | "nack";
  readonly handles: readonly string[];
}

interface ButtonsProps {
  readonly busy: boolean;
  readonly onFinish: (action: Settlement["action"]) => void;
}

function AllButtons({ busy, onFinish }: ButtonsProps) {
  const text = useText();
  return (
    <div className="flex flex-wrap gap-2">
      <Button busy={busy} onClick={() => onFinish("ack")}>
        {text("pull.ackAll")}
      </Button>
      <Button busy={busy} onClick={() => onFinish("nack")}>
        {text("pull.nackAll")}
      </Button>
    </div>
  );
}

interface HeldProps {
  readonly message: PulledMessage;
  readonly onFinish: (action: Settlement["action"]) => void;
}

function Held({ message, onFinish }: HeldProps) {
  const text = useText();
  const nowMs = useNow();
  const { id, type, tags, receives, visibleAt, contentType } = message;
  const isEnded = new Date(visibleAt).getTime() < nowMs;
  return (
    <article aria-label={id} className="flex flex-col gap-2 border-t border-line pt-3">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <p className="flex flex-wrap items-baseline gap-x-3 gap-y-1">
          <span className="font-mono text-small">{id}</span>
          {type !== null && <span>{type}</span>}
          {tags.map((tag) => (
            <Tag key={tag}>{tag}</Tag>
          ))}
          <span className="text-muted">{text.count("pull.receives", receives)}</span>
          <span className={isEnded ? "text-warn" : "text-muted"}>
            {text(isEnded ? "pull.ended" : "pull.until")} <Time at={visibleAt} />
          </span>
        </p>
        <span className="flex gap-2">
          <Button onClick={() => onFinish("ack")}>{text("pull.ack")}</Button>
          <Button onClick={() => onFinish("nack")}>{text("pull.nack")}</Button>
        </span>
      </div>
      <Body given={message} contentType={contentType} label={text("pull.bodyOf", { id })} />
    </article>
  );
}
