import { Link, useParams } from "wouter";
import { to, useQueryValue } from "../../app/addresses.ts";
import { Page } from "../../app/page.tsx";
import { curlOfRequest } from "../../format/curl.ts";
import { duration } from "../../format/time.ts";
import { useText } from "../../language/text.ts";
import { CopyButton } from "../../parts/code.tsx";
import { Loading, Notice, ProblemNotice } from "../../parts/notice.tsx";
import { Facts, Panel } from "../../parts/panel.tsx";
import { Status } from "../../parts/status.tsx";
import { Time } from "../../parts/time.tsx";
import { CompareChoice } from "./compare-choice.tsx";
import { Comparison } from "./comparison.tsx";
import { ReplyPanel, RequestPanel } from "./exchange-panels.tsx";
import { TimingBar } from "./timing-bar.tsx";
import { useAttempt, type AttemptDetails, type Exchange } from "./use-attempt.ts";

/** One attempt: what was sent exactly, what came back, and where the time went. */
export default function AttemptScreen() {
  const text = useText();
  const { topic = "", subscription = "", id = "" } = useParams();
  const [otherId, setOtherId] = useQueryValue("with");
  const { data, error, refetch } = useAttempt(topic, subscription, id);
  const above = [
    [subscription, to.subscription(topic, subscription)],
    [data?.messageId ?? text("messages.id"), data === undefined ? to.messages : to.message(data.messageId)],
  ] as const;
  const request = data?.exchange?.request;
  return (
    <Page
      title={data === undefined ? text("attempts.number") : text("attempt.title", { n: data.attempt })}
      above={above}
      actions={
        data !== undefined && (
          <>
            <CompareChoice attempt={data} chosen={otherId} onChoose={setOtherId} />
            {request !== undefined && request.method !== null && (
              <CopyButton text={curlOfRequest(request, text("attempt.secret"))} label={text("messages.asCurl")} name />
            )}
          </>
        )
      }
    >
      {error !== null && <ProblemNotice error={error} retry={() => void refetch()} />}
      {data === undefined && error === null && <Loading lines={10} />}
      {data !== undefined && otherId === "" && <Outcome attempt={data} topic={topic} />}
      {data !== undefined && otherId === "" && <Shown exchange={data.exchange} />}
      {data !== undefined && otherId !== "" && (
        <Comparison topic={topic} subscription={subscription} one={data} otherId={otherId} />
      )}
    </Page>
  );
}

function Outcome({ attempt, topic }: { readonly attempt: AttemptDetails; readonly topic: string }) {
  const text = useText();
  const { verdict, status, errorCode, errorDetail, startedAt, durationMs, subscription, exchange, notKept } = attempt;
  return (
    <>
      <Panel title={text("attempt.outcome")}>
        <div className="flex flex-col gap-3">
          <Facts
            facts={[
              [
                text("attempts.verdict"),
                <Status key="verdict" tone={verdict === "accepted" ? "good" : "bad"}>
                  {text.named("verdict", verdict)}
                </Status>,
              ],
              [text("attempts.status"), status ?? undefined],
              [text("attempts.error"), errorCode ?? undefined],
              [text("attempt.reason"), errorDetail ?? undefined],
              [text("attempts.started"), <Time key="time" at={startedAt} />],
              [text("attempts.duration"), duration(durationMs)],
            ]}
          />
          {exchange !== null && exchange.timings !== null && <TimingBar timings={exchange.timings} />}
        </div>
      </Panel>
      {notKept !== null && (
        <Notice
          title={text("attempt.notKept")}
          action={
            <Link href={to.editSubscription(topic, subscription)} className="text-accent hover:underline">
              {text("attempt.changeKeeping")}
            </Link>
          }
        >
          {text.named("notKept", notKept)}
        </Notice>
      )}
    </>
  );
}

function Shown({ exchange }: { readonly exchange: Exchange | null }) {
  if (exchange === null) return null;
  return (
    <div className="grid gap-4 lg:grid-cols-2">
      <RequestPanel request={exchange.request} />
      <ReplyPanel reply={exchange.reply} />
    </div>
  );
}
