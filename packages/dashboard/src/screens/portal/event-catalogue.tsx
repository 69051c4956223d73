import { Link } from "wouter";
import { to } from "../../app/addresses.ts";
import { useRead } from "../../api/queries.ts";
import { Loading, ProblemNotice } from "../../parts/notice.tsx";
import { Panel } from "../../parts/panel.tsx";
import { useText } from "../../language/text.ts";

const shownMax = 10;

/** The first types of events that an endpoint can get, each with a link to its schema and example. */
export function EventCatalogue() {
  const text = useText();
  const { data, error, refetch } = useRead("/v1/event-types", { params: { query: { limit: shownMax + 1 } } });
  return (
    <Panel title={text("nav.eventTypes")}>
      {error !== null && <ProblemNotice error={error} retry={() => void refetch()} />}
      {data === undefined && error === null && <Loading />}
      {data?.items.length === 0 && <p className="text-muted">{text("portal.noEventTypes")}</p>}
      <ul className="flex flex-col gap-1">
        {data?.items.slice(0, shownMax).map(({ type, description }) => (
          <li key={type} className="flex flex-wrap gap-x-3">
            <Link href={to.eventType(type)} className="font-mono text-accent hover:underline">
              {type}
            </Link>
            <span className="text-muted">{description}</span>
          </li>
        ))}
      </ul>
      {data !== undefined && data.items.length > shownMax && (
        <Link href={to.eventTypes} className="text-accent hover:underline">
          {text("portal.allEventTypes")}
        </Link>
      )}
    </Panel>
  );
}
