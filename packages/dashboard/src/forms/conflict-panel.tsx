import { useState } from "react";
import { Button } from "../parts/button.tsx";
import { Notice } from "../parts/notice.tsx";
import { Panel } from "../parts/panel.tsx";
import { Table, type Column } from "../parts/table.tsx";
import { useText, type Text } from "../language/text.ts";
import { changesOf, mergedSettings, type Change } from "./merge-patch.ts";
import type { Answer } from "./send.ts";
import type { Settings } from "./values.ts";

interface ConflictPanelProps {
  /** The settings when the form was opened. */
  readonly was: Settings;
  readonly yours: Settings;
  readonly newest: Answer;
  readonly onResolve: (merged: Settings, newest: Answer) => void;
}

/**
 * Changes that another writer has made while the form was open. Where both have changed a setting, the reader chooses.
 */
export function ConflictPanel({ was, yours, newest, onResolve }: ConflictPanelProps) {
  const text = useText();
  const [theirs, setTheirs] = useState<ReadonlySet<string>>(new Set());
  const changes = changesOf(was, yours, newest.view);
  const keepsTheirs = (change: Change): boolean => theirs.has(nameOf(change));
  const choose: Choose = (change, isTheirs) => {
    const others = [...theirs].filter((name) => name !== nameOf(change));
    setTheirs(new Set(isTheirs ? [...others, nameOf(change)] : others));
  };
  const button = (
    <Button kind="primary" onClick={() => onResolve(mergedSettings(changes, newest.view, keepsTheirs), newest)}>
      {text("forms.merge")}
    </Button>
  );
  return (
    <>
      <Notice tone="warn" title={text("forms.conflictTitle")}>
        {text("forms.conflict")}
      </Notice>
      <Panel flush title={text("forms.changes")} actions={button}>
        <Table
          label={text("forms.changes")}
          columns={columnsOf(text, keepsTheirs, choose)}
          rows={changes}
          rowKey={nameOf}
          empty={<p className="px-4 py-3 text-muted">{text("forms.noConflict")}</p>}
        />
      </Panel>
    </>
  );
}

type Choose = (change: Change, isTheirs: boolean) => void;

function columnsOf(text: Text, keepsTheirs: (change: Change) => boolean, choose: Choose): readonly Column<Change>[] {
  return [
    { key: "setting", title: text("forms.setting"), cell: (change) => mono(nameOf(change)) },
    { key: "was", title: text("forms.was"), cell: ({ was }) => shown(was), phone: false },
    { key: "yours", title: text("forms.yours"), cell: ({ yours }) => shown(yours) },
    { key: "theirs", title: text("forms.theirs"), cell: ({ theirs }) => shown(theirs) },
    {
      key: "choice",
      title: text("forms.takes"),
      cell: (change) => <Choice change={change} keepsTheirs={keepsTheirs(change)} onChoose={choose} />,
    },
  ];
}

interface ChoiceProps {
  readonly change: Change;
  readonly keepsTheirs: boolean;
  readonly onChoose: Choose;
}

function Choice({ change, keepsTheirs, onChoose }: ChoiceProps) {
  const text = useText();
  if (change.by === "them") return <span className="text-muted">{text("forms.theirs")}</span>;
  return (
    <span className="inline-flex gap-1">
      <Button
        kind={keepsTheirs ? "quiet" : "plain"}
        aria-pressed={!keepsTheirs}
        onClick={() => onChoose(change, false)}
      >
        {text("forms.keepMine")}
      </Button>
      <Button kind={keepsTheirs ? "plain" : "quiet"} aria-pressed={keepsTheirs} onClick={() => onChoose(change, true)}>
        {text("forms.takeTheirs")}
      </Button>
    </span>
  );
}

function nameOf({ path }: Change): string {
  return path.join(".");
}

function shown(value: unknown) {
  return value === undefined ? <span className="text-muted">–</span> : mono(JSON.stringify(value));
}

function mono(written: string) {
  return (
    <code className="font-mono text-small" title={written}>
      {written}
    </code>
  );
}
