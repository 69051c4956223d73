import { useParams } from "wouter";
import { useRead } from "../../api/queries.ts";
import { Loading, ProblemNotice } from "../../parts/notice.tsx";
import { Facts, Panel } from "../../parts/panel.tsx";
import { Time } from "../../parts/time.tsx";
import { duration } from "../../format/time.ts";
import { useText } from "../../language/text.ts";
import { ResourcePage } from "../resources/resource-page.tsx";
import { CallPanel } from "./call-panel.tsx";
import { hookKind } from "./hook-kind.ts";

export default function HookScreen() {
  const text = useText();
  const { hook = "" } = useParams();
  const { data, error, refetch } = useRead("/v1/hooks/{hook}", { params: { path: { hook } } });
  return (
    <ResourcePage kind={hookKind(text)} name={hook} deleteHelp={text("hooks.deleteHelp")}>
      {error !== null && data === undefined && <ProblemNotice error={error} retry={() => void refetch()} />}
      {data === undefined && error === null && <Loading lines={6} />}
      {data !== undefined && (
        <>
          <CallPanel hook={hook} protocol={data.protocol} />
          <Panel title={text("resources.settings")}>
            <Facts
              facts={[
                [text("common.description"), data.description === "" ? undefined : data.description],
                [text("hooks.protocol"), data.protocol],
                [
                  text("hooks.urls"),
                  <span key="urls" className="font-mono text-small">
                    {data.urls.join(" → ")}
                  </span>,
                ],
                [text("hooks.timeout"), duration(data.timeoutMs)],
                [text("hooks.onError"), text.named("outcome", data.onError)],
                [text("hooks.key"), data.key ?? undefined],
                [text("common.createdAt"), <Time key="created" at={data.createdAt} />],
                [text("common.updatedAt"), <Time key="updated" at={data.updatedAt} />],
              ]}
            />
          </Panel>
        </>
      )}
    </ResourcePage>
  );
}
