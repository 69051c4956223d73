import { Link } from "wouter";
import { to, useQueryValue } from "../../app/addresses.ts";
import { Page } from "../../app/page.tsx";
import { useLive } from "../../api/live.ts";
import { invalidate, useList } from "../../api/queries.ts";
import { useBlocks } from "../../api/rights.ts";
import { Button } from "../../parts/button.tsx";
import { Empty } from "../../parts/notice.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Status } from "../../parts/status.tsx";
import { Table, type Column } from "../../parts/table.tsx";
import { Time } from "../../parts/time.tsx";
import { useText, type Text } from "../../language/text.ts";
import { NewReplay } from "./new-replay.tsx";
import { Progress, replayTones, type Replay } from "./progress.tsx";

const path = "/v1/replays";
const readEveryMs = 2_000;

export default function Replays() {
  const text = useText();
  const { change: blocked } = useBlocks();
  const [isNew, setNew] = useQueryValue("new");
  const list = useList(path, undefined, { everyMs: readEveryMs });
  useLive({ types: ["replay.started", "replay.ended"] }, () => void invalidate(path));
  const button = (
    <Button kind="primary" blocked={blocked} onClick={() => setNew("1")}>
      {text("replays.new")}
    </Button>
  );
  return (
    <Page title={text("nav.replays")} actions={button}>
      <Panel flush title={text("nav.replays")}>
        <Table
          label={text("nav.replays")}
          columns={columnsOf(text)}
          rows={list.items}
          rowKey={({ id }) => id}
          error={list.error}
          retry={() => void list.refetch()}
          more={list.hasNextPage ? () => void list.fetchNextPage() : undefined}
          isReadingMore={list.isFetchingNextPage}
          empty={<Empty title={text("replays.empty")}>{text("replays.about")}</Empty>}
        />
      </Panel>
      {isNew !== "" && blocked === undefined && <NewReplay onClose={() => setNew("")} />}
    </Page>
  );
}

function columnsOf(text: Text): readonly Column<Replay>[] {
  return [
    {
      key: "created",
      title: text("common.createdAt"),
      width: "9rem",
      cell: ({ id, createdAt }) => (
        <Link href={to.replay(id)} className="hover:underline">
          <Time at={createdAt} />
        </Link>
      ),
    },
    { key: "kind", title: text("replays.kind"), phone: false, cell: ({ kind }) => text.named("replayKind", kind) },
    {
      key: "target",
      title: text("replays.target"),
      cell: ({ topic, target }) => (
        <Link href={to.subscription(topic, target)} className="hover:underline">
          {`${topic} / ${target}`}
        </Link>
      ),
    },
    {
      key: "state",
      title: text("common.state"),
      width: "8rem",
      cell: ({ state }) => <Status tone={replayTones[state] ?? "plain"}>{text.named("replayState", state)}</Status>,
    },
    { key: "progress", title: text("replays.progress"), cell: (replay) => <Progress replay={replay} /> },
    { key: "sent", title: text("replays.sent"), align: "right", width: "6rem", cell: ({ sent }) => sent },
  ];
}
