import { useState } from "react";
import { useParams } from "wouter";
import { Page } from "../../app/page.tsx";
import { useLive } from "../../api/live.ts";
import { invalidate, useRead } from "../../api/queries.ts";
import { useSignedIn } from "../../api/session.ts";
import { Loading, ProblemNotice } from "../../parts/notice.tsx";
import { subscriptionEvents } from "../topics/topic-subscriptions.tsx";
import { AttemptsPanel } from "./attempts-panel.tsx";
import { ConditionStatus } from "./condition.tsx";
import { DeleteSubscription } from "./delete-subscription.tsx";
import { FlowPanel } from "./flow-panel.tsx";
import { HealthNotice } from "./health-notice.tsx";
import { NumbersRow } from "./numbers-row.tsx";
import { PullPanel } from "./pull-panel.tsx";
import { RewindDialog } from "./rewind-dialog.tsx";
import { RotateKeyDialog } from "./rotate-key-dialog.tsx";
import { SettingsPanel } from "./settings-panel.tsx";
import { HeaderActions, RareActions, type DialogName } from "./subscription-actions.tsx";
import { useTopicsAbove } from "../topics/topics-above.ts";
import { TestDialog } from "./test-dialog.tsx";

const path = "/v1/topics/{topic}/subscriptions/{subscription}";
const countsEveryMs = 2_000;

export default function SubscriptionScreen() {
  const { topic = "", subscription = "" } = useParams();
  const { portal } = useSignedIn();
  const [dialog, setDialog] = useState<DialogName | null>(null);
  const { data, error, refetch } = useRead(
    path,
    { params: { path: { topic, subscription } } },
    { everyMs: countsEveryMs },
  );
  useLive({ topic, types: subscriptionEvents }, () => void invalidate(path));
  const above = useTopicsAbove(topic);
  if (data === undefined) {
    return (
      <Page title={subscription} above={above}>
        {error === null ? <Loading lines={10} /> : <ProblemNotice error={error} retry={() => void refetch()} />}
      </Page>
    );
  }
  const close = (): void => setDialog(null);
  return (
    <Page
      title={subscription}
      note={<ConditionStatus subscription={data} />}
      above={above}
      actions={<HeaderActions subscription={data} onDialog={setDialog} />}
    >
      <HealthNotice subscription={data} onTest={() => setDialog("test")} />
      <NumbersRow subscription={data} />
      <FlowPanel topic={topic} subscription={subscription} />
      {data.pull === null && <AttemptsPanel topic={topic} subscription={subscription} />}
      {data.pull !== null && !portal && <PullPanel topic={topic} subscription={subscription} />}
      <SettingsPanel subscription={data} />
      <RareActions subscription={data} onDialog={setDialog} />
      {dialog === "test" && <TestDialog topic={topic} subscription={subscription} onClose={close} />}
      {dialog === "rewind" && <RewindDialog topic={topic} subscription={subscription} onClose={close} />}
      {dialog === "rotate" && <RotateKeyDialog keys={data.push?.keys ?? []} onClose={close} />}
      {dialog === "delete" && <DeleteSubscription topic={topic} subscription={subscription} onClose={close} />}
    </Page>
  );
}
