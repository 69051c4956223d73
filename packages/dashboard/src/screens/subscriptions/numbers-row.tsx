import { count } from "../../format/numbers.ts";
import { duration } from "../../format/time.ts";
import { useText } from "../../language/text.ts";
import { Stat, StatRow } from "../../parts/stat.tsx";
import { useNow } from "../../parts/time.tsx";
import type { CountedSubscription } from "./subscription-actions.tsx";

/** The numbers of a subscription as they are now. */
export function NumbersRow({ subscription }: { readonly subscription: CountedSubscription }) {
  return subscription.pull === null ? (
    <PushNumbers subscription={subscription} />
  ) : (
    <PullNumbers subscription={subscription} />
  );
}

function PushNumbers({ subscription }: { readonly subscription: CountedSubscription }) {
  const text = useText();
  const { counts, flow, rate, maxInFlight, backlog } = subscription;
  const number = (value: number): string => count(value, text.language);
  const tooMany = backlog.messagesMax !== null && counts.backlog > backlog.messagesMax;
  const max = maxInFlight ?? 0;
  return (
    <StatRow>
      <Stat
        label={text("subscriptions.backlog")}
        value={number(counts.backlog)}
        note={text("numbers.backlog")}
        tone={tooMany ? "warn" : "plain"}
      />
      <Stat
        label={text("numbers.inFlight")}
        value={number(counts.inFlight)}
        note={
          flow === null
            ? text("numbers.windowOff", { max })
            : text("numbers.window", { window: Math.round(flow.window * 10) / 10, max })
        }
      />
      <Stat label={text("numbers.parked")} value={number(counts.parked)} note={text("numbers.parkedNote")} />
      <Stat
        label={text("nav.deadLetters")}
        value={number(counts.deadLetters)}
        note={text("numbers.deadNote")}
        tone={counts.deadLetters > 0 ? "bad" : "plain"}
      />
      <Stat
        label={text("numbers.expired")}
        value={number(counts.expired)}
        note={text("numbers.expiredNote")}
        tone={counts.expired > 0 ? "bad" : "plain"}
      />
      <Stat
        label={text("label.rate")}
        value={rate === null ? "–" : text("numbers.perSecond", { n: rate.perSecond })}
        note={rate === null ? text("numbers.noRate") : text("numbers.burst", { n: rate.burst })}
      />
    </StatRow>
  );
}

function PullNumbers({ subscription }: { readonly subscription: CountedSubscription }) {
  const text = useText();
  const nowMs = useNow();
  const { counts, pullCounts } = subscription;
  const number = (value: number | undefined): string => (value === undefined ? "–" : count(value, text.language));
  const oldest = pullCounts?.oldestAt ?? null;
  return (
    <StatRow>
      <Stat label={text("numbers.visible")} value={number(pullCounts?.visible)} note={text("numbers.visibleNote")} />
      <Stat
        label={text("numbers.invisible")}
        value={number(pullCounts?.invisible)}
        note={text("numbers.invisibleNote")}
      />
      <Stat label={text("numbers.delayed")} value={number(pullCounts?.delayed)} note={text("numbers.delayedNote")} />
      <Stat
        label={text("numbers.oldest")}
        value={oldest === null ? "–" : ageOf(oldest, nowMs)}
        note={text("numbers.oldestNote")}
      />
      <Stat
        label={text("nav.deadLetters")}
        value={number(counts.deadLetters)}
        note={text("numbers.deadNote")}
        tone={counts.deadLetters > 0 ? "bad" : "plain"}
      />
      <Stat
        label={text("numbers.expired")}
        value={number(counts.expired)}
        note={text("numbers.expiredNote")}
        tone={counts.expired > 0 ? "bad" : "plain"}
      />
    </StatRow>
  );
}

const minuteMs = 60_000;

/** The age in words, to the minute. */
function ageOf(at: string, nowMs: number): string {
  const ageMs = Math.max(0, nowMs - new Date(at).getTime());
  return duration(ageMs < minuteMs ? ageMs : ageMs - (ageMs % minuteMs));
}
