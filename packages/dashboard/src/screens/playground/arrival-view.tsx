import { useQuery } from "@tanstack/react-query";
import type { Arrival } from "../../api/arrivals.ts";
import { Body, headerList, Headers } from "../../parts/code.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Facts, Panel } from "../../parts/panel.tsx";
import { Time } from "../../parts/time.tsx";
import { useText } from "../../language/text.ts";
import { readArrival, type Bench } from "./built-in-receiver.ts";
import { bodyOf } from "./arrival-body.ts";

/** A push as it arrived, beside what a receiver's library reads from it. */
export function ArrivalView({ arrival, bench }: { readonly arrival: Arrival; readonly bench: Bench }) {
  const text = useText();
  return (
    <div className="grid gap-4 lg:grid-cols-2">
      <Panel title={text("playground.arrived")} actions={<Time at={arrival.takenAt} />}>
        <div className="flex flex-col gap-3">
          <p className="font-mono text-small break-all">POST {bench.url}</p>
          <Headers headers={headerList(arrival.headers)} label={text("playground.headers")} />
          <Body given={bodyOf(arrival.body)} contentType={arrival.contentType} label={text("playground.body")} />
        </div>
      </Panel>
      <Panel title={text("playground.read")}>
        <Read arrival={arrival} bench={bench} />
      </Panel>
    </div>
  );
}

function Read({ arrival, bench }: { readonly arrival: Arrival; readonly bench: Bench }) {
  const text = useText();
  const { data, error } = useQuery({
    queryKey: ["read arrival", arrival.id, bench.protocol],
    queryFn: () => readArrival(arrival, bench),
    staleTime: Infinity,
    retry: false,
  });
  if (error !== null) return <Notice tone="warn">{text("playground.unreadable", { reason: error.message })}</Notice>;
  return (
    <div className="flex flex-col gap-3">
      {bench.secret !== null && data !== undefined && <Notice tone="good">{text("playground.verified")}</Notice>}
      <Facts facts={data ?? []} />
    </div>
  );
}
