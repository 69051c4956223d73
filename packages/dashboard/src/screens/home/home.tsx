import { lazy } from "react";
import { Page } from "../../app/page.tsx";
import { useWindow } from "../../app/window-choice.tsx";
import { useRead } from "../../api/queries.ts";
import { useSignedIn } from "../../api/session.ts";
import { useStatistics } from "../../api/statistics.ts";
import { Loading, ProblemNotice } from "../../parts/notice.tsx";
import { Panel } from "../../parts/panel.tsx";
import { useText } from "../../language/text.ts";
import { FirstRun } from "../first-run/first-run.tsx";
import { FlowCharts } from "../subscriptions/flow-panel.tsx";
import { Attention } from "./attention.tsx";
import { NumbersOfAccount } from "./numbers-of-account.tsx";
import { WaitingChart } from "./waiting-chart.tsx";

/** The state of the account: what needs attention first, then the numbers. An empty server is greeted instead. */
export default function Home() {
  const { portal } = useSignedIn();
  return portal ? <PortalHome /> : <AccountHome />;
}

/** The screen of a portal link is loaded only there. */
const PortalHome = lazy(() => import("../portal/portal-home.tsx"));

function AccountHome() {
  const text = useText();
  const { role, topics: limitedTo } = useSignedIn();
  const topics = useRead("/v1/topics", { params: { query: { limit: 2 } } }, { enabled: limitedTo === null });
  // Ringback's own events have a topic from the start.
  const isEmpty = topics.data?.items.every(({ name }) => name === "ringback.events") ?? false;
  const mayBegin = role === "operator" || role === "admin";
  if (limitedTo === null && topics.data === undefined) {
    return (
      <Page title={text("nav.home")}>
        {topics.error === null ? <Loading lines={8} /> : <ProblemNotice error={topics.error} />}
      </Page>
    );
  }
  return isEmpty && mayBegin ? (
    <Page title={text("nav.home")}>
      <FirstRun />
    </Page>
  ) : (
    <Overview />
  );
}

const liveEveryMs = 5_000;

function Overview() {
  const text = useText();
  const { window, buttons } = useWindow();
  const { data, error, refetch } = useStatistics({}, window, liveEveryMs);
  return (
    <Page title={text("nav.home")} actions={buttons}>
      <Attention deadLetters={data?.now?.deadLetters ?? 0} />
      {error !== null && <ProblemNotice error={error} retry={() => void refetch()} />}
      {data === undefined && error === null && <Loading lines={6} />}
      {data !== undefined && (
        <>
          <NumbersOfAccount statistics={data} />
          <Panel title={text("flow.title")}>
            <FlowCharts points={data.points} />
          </Panel>
          <WaitingChart points={data.points} />
        </>
      )}
    </Page>
  );
}
