import { Link } from "wouter";
import type { components } from "@ringback/sdk/client";
import { to } from "../../app/addresses.ts";
import { useAction } from "../../api/action.ts";
import { useBlocks } from "../../api/rights.ts";
import { client } from "../../api/session.ts";
import { Button } from "../../parts/button.tsx";
import { ProblemNotice } from "../../parts/notice.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Status } from "../../parts/status.tsx";
import { Time } from "../../parts/time.tsx";
import { useText } from "../../language/text.ts";
import { AttemptTable } from "./attempt-table.tsx";
import { deliveryTones } from "./message-columns.tsx";
import type { Message } from "../../format/curl.ts";
import { Timeline } from "./timeline.tsx";

export type Delivery = components["schemas"]["Delivery"];

/** The state of the message at one subscription, its attempts, and what can be done. */
export function DeliveryPanel({ message, delivery }: { readonly message: Message; readonly delivery: Delivery }) {
  const text = useText();
  const { subscription, state, reason, nextAttemptAt, attempts } = delivery;
  return (
    <Panel
      flush
      title={
        <span className="flex flex-wrap items-baseline gap-x-3">
          <Link href={to.subscription(message.topic, subscription)} className="hover:underline">
            {subscription}
          </Link>
          <span className="text-body font-normal">
            <Status tone={deliveryTones[state] ?? "plain"}>{text.named("delivery", state)}</Status>
          </span>
        </span>
      }
      actions={<DeliveryActions message={message} delivery={delivery} />}
    >
      <div className="flex flex-col gap-2 px-4 py-2">
        {reason !== null && <p>{text.named("deadReason", reason)}</p>}
        {state === "parked" && (
          <p>
            {nextAttemptAt === null ? (
              text("messages.heldBack")
            ) : (
              <>
                {text("messages.nextAttempt")} <Time at={nextAttemptAt} relative />
              </>
            )}
          </p>
        )}
        {attempts.length === 0 ? (
          <p className="text-muted">{text.named("deliveryHelp", state)}</p>
        ) : (
          <Timeline publishedAt={message.publishedAt} nextAttemptAt={nextAttemptAt} attempts={attempts} />
        )}
      </div>
      {attempts.length > 0 && <AttemptTable topic={message.topic} subscription={subscription} attempts={attempts} />}
    </Panel>
  );
}

const unfinished: ReadonlySet<string> = new Set(["pending", "parked"]);

function DeliveryActions({ message, delivery }: { readonly message: Message; readonly delivery: Delivery }) {
  const text = useText();
  const { change: blocked } = useBlocks();
  const { subscription, state } = delivery;
  const params = { path: { id: message.id, subscription } };
  const changes = ["/v1/messages/{id}", "/v1/dead-letters"] as const;
  const retry = useAction({
    run: () => client().post("/v1/messages/{id}/deliveries/{subscription}/retry", { params }),
    changes,
    done: ({ outcome }) => text.named("retryOutcome", outcome),
  });
  const cancel = useAction({
    run: () => client().post("/v1/messages/{id}/deliveries/{subscription}/cancel", { params }),
    changes,
    done: () => text("messages.cancelled"),
  });
  return (
    <>
      <ProblemNotice error={retry.error ?? cancel.error} />
      {unfinished.has(state) && (
        <Button busy={cancel.isPending} blocked={blocked} onClick={() => cancel.mutate()}>
          {text("messages.cancel")}
        </Button>
      )}
      <Button busy={retry.isPending} blocked={blocked} onClick={() => retry.mutate()}>
        {text(state === "parked" ? "messages.sendNow" : "messages.sendAgain")}
      </Button>
    </>
  );
}
