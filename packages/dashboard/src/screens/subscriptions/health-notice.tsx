import type { ReactNode } from "react";
import { Link } from "wouter";
import { to } from "../../app/addresses.ts";
import { useBlocks } from "../../api/rights.ts";
import { duration } from "../../format/time.ts";
import { useText, type Text } from "../../language/text.ts";
import { Button } from "../../parts/button.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Time } from "../../parts/time.tsx";
import { ResumeButton, VerifyButton } from "./state-buttons.tsx";
import type { CountedSubscription } from "./subscription-actions.tsx";

interface HealthNoticeProps {
  readonly subscription: CountedSubscription;
  readonly onTest: () => void;
}

/** Says why messages do not arrive, since when and what happens next, beside a button. Nothing if all is well. */
export function HealthNotice(props: HealthNoticeProps) {
  const { state, verification, failing, flow } = props.subscription;
  if (state === "disabled") return <Disabled {...props} />;
  if (state === "paused") return <Paused {...props} />;
  if (verification !== null && verification.state !== "verified") return <Unverified {...props} />;
  if (failing !== null) return <FailingNow {...props} />;
  return flow?.pausedUntil === undefined || flow.pausedUntil === null ? null : (
    <SendingPaused until={flow.pausedUntil} />
  );
}

function Disabled({ subscription, onTest }: HealthNoticeProps) {
  const text = useText();
  const { topic, name, disabledAt, disabledReason, disabledBy, disableAfterMs } = subscription;
  const why =
    disabledReason === "gone"
      ? text("health.gone")
      : text("health.allFailed", { duration: duration(disableAfterMs ?? 0) });
  return (
    <Notice
      tone="bad"
      title={text("health.disabledTitle")}
      action={
        <>
          <TestButton onTest={onTest} />
          <ResumeButton topic={topic} subscription={name} />
        </>
      }
    >
      <p>{why}</p>
      {disabledAt !== null && <Since label={text("health.disabledSince")} at={disabledAt} />}
      {disabledBy !== null && (
        <p>
          <Link href={to.message(disabledBy.messageId)} className="underline">
            {text("health.lastAttempt", { n: disabledBy.attempt })}
          </Link>
        </p>
      )}
      <p>{text("health.disabledNext")}</p>
    </Notice>
  );
}

function Paused({ subscription }: HealthNoticeProps) {
  const text = useText();
  const { topic, name } = subscription;
  return (
    <Notice tone="warn" title={text("health.pausedTitle")} action={<ResumeButton topic={topic} subscription={name} />}>
      {text.count("health.paused", subscription.counts.backlog)}
    </Notice>
  );
}

function Unverified({ subscription }: HealthNoticeProps) {
  const text = useText();
  const { topic, name, verification } = subscription;
  const isFailed = verification?.state === "failed";
  return (
    <Notice
      tone={isFailed ? "bad" : "warn"}
      title={text(isFailed ? "health.verifyFailedTitle" : "health.verifyPendingTitle")}
      action={<VerifyButton topic={topic} subscription={name} />}
    >
      <p>{text(isFailed ? "health.verifyFailed" : "health.verifyPending")}</p>
      {verification?.error !== null && <p className="font-mono text-small">{verification?.error}</p>}
      {verification !== null && verification.at !== null && (
        <Since label={text("health.lastTry")} at={verification.at} />
      )}
    </Notice>
  );
}

function FailingNow({ subscription, onTest }: HealthNoticeProps) {
  const text = useText();
  const { failing, counts } = subscription;
  if (failing === null) return null;
  const isOpen = subscription.health === "open";
  return (
    <Notice
      tone={isOpen ? "bad" : "warn"}
      title={text(isOpen ? "health.openTitle" : "health.failingTitle")}
      action={<TestButton onTest={onTest} />}
    >
      <p>
        {causeOf(failing, text)} {failing.scope === "origin" && text("health.wholeOrigin")}
      </p>
      <Since label={text("health.failingSince")} at={failing.failingSince} />
      {isOpen && failing.nextProbeAt !== null && <Since label={text("health.nextProbe")} at={failing.nextProbeAt} />}
      {isOpen && <p>{text.count("health.waiting", counts.backlog + counts.parked)}</p>}
    </Notice>
  );
}

function TestButton({ onTest }: { readonly onTest: () => void }) {
  const text = useText();
  const blocks = useBlocks();
  return (
    <Button blocked={blocks.change} onClick={onTest}>
      {text("health.testNow")}
    </Button>
  );
}

interface Failure {
  readonly status: number | null;
  readonly error: string | null;
  readonly errorDetail: string | null;
}

/** The last failure in words. */
function causeOf({ status, error, errorDetail }: Failure, text: Text): string {
  if (error !== null && errorDetail !== null) return text("health.errorDetail", { error, detail: errorDetail });
  if (status !== null) return text("health.status", { status: String(status) });
  return text("health.error", { error: error ?? "" });
}

function SendingPaused({ until }: { readonly until: string }) {
  const text = useText();
  return (
    <Notice tone="warn" title={text("health.retryAfterTitle")}>
      <Since label={text("health.retryAfter")} at={until} />
    </Notice>
  );
}

function Since({ label, at }: { readonly label: ReactNode; readonly at: string }) {
  return (
    <p>
      {label} <Time at={at} /> (<Time at={at} relative />)
    </p>
  );
}
