import { Page } from "../../app/page.tsx";
import { useRead } from "../../api/queries.ts";
import { useText } from "../../language/text.ts";
import { FirstRun } from "../first-run/first-run.tsx";

export default function Home() {
  const text = useText();
  const topics = useRead("/v1/topics", { params: { query: { limit: 2 } } });
  // Ringback's own events have a topic from the start.
  const isEmpty = topics.data?.items.every(({ name }) => name === "ringback.events") ?? false;
  return <Page title={text("nav.home")}>{isEmpty ? <FirstRun /> : null}</Page>;
}
