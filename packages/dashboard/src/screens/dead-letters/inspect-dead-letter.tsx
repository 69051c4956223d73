import { useRead } from "../../api/queries.ts";
import { Body } from "../../parts/code.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { Loading, ProblemNotice } from "../../parts/notice.tsx";
import { Facts } from "../../parts/panel.tsx";
import { Time } from "../../parts/time.tsx";
import { useText } from "../../language/text.ts";
import type { DeadLetterRow } from "./dead-letter-columns.tsx";
import { SelectedActions } from "./selected-actions.tsx";

interface InspectProps {
  readonly row: DeadLetterRow;
  readonly onClose: () => void;
}

/** One dead letter with its message and the last reply, in the place of the list. */
export function InspectDeadLetter({ row, onClose }: InspectProps) {
  const text = useText();
  const { topic, subscription, id } = row;
  const path = "/v1/topics/{topic}/subscriptions/{subscription}/dead-letters/{id}";
  const { data, error } = useRead(path, { params: { path: { topic, subscription, id } } });
  const { attempts, diedAt, reason, lastStatus, lastErrorCode, lastErrorDetail, reply, replyBase64 } = row;
  return (
    <Dialog
      wide
      open
      title={`${topic} / ${subscription}`}
      onClose={onClose}
      actions={<SelectedActions chosen={[row]} onDone={onClose} />}
    >
      <Facts
        facts={[
          [text("deadLetters.reason"), text.named("deadReason", reason)],
          [text("deadLetters.diedAt"), <Time key="time" at={diedAt} />],
          [text("attempts.title"), attempts],
          [text("attempts.status"), lastStatus ?? undefined],
          [
            text("attempts.error"),
            [lastErrorCode, lastErrorDetail].filter((part) => part !== null).join(" · ") || undefined,
          ],
          [text("label.type"), row.message.type ?? undefined],
        ]}
      />
      <ProblemNotice error={error} />
      {data === undefined && error === null && <Loading />}
      {data !== undefined && (
        <Body given={data.message} contentType={data.message.contentType} label={text("messages.body")} />
      )}
      {(reply ?? replyBase64 ?? null) !== null && (
        <Body
          given={{ body: reply ?? "", ...(replyBase64 !== undefined && { bodyBase64: replyBase64 }) }}
          contentType={null}
          label={text("messages.lastReply")}
        />
      )}
    </Dialog>
  );
}
