import type { components } from "@ringback/sdk/client";
import { to, withQuery } from "../../app/addresses.ts";
import { useBlocks } from "../../api/rights.ts";
import { useSignedIn } from "../../api/session.ts";
import { Button, LinkButton } from "../../parts/button.tsx";
import { Panel } from "../../parts/panel.tsx";
import { useText } from "../../language/text.ts";
import { PauseButton } from "./state-buttons.tsx";

export type CountedSubscription = components["schemas"]["CountedSubscription"];
export type DialogName = "test" | "rewind" | "rotate" | "delete";

interface ActionsProps {
  readonly subscription: CountedSubscription;
  readonly onDialog: (dialog: DialogName) => void;
}

/** Usual actions: to stop, to go on, to test, to change. */
export function HeaderActions({ subscription, onDialog }: ActionsProps) {
  const text = useText();
  const blocks = useBlocks();
  const { topic, name, state, push } = subscription;
  return (
    <>
      {/* The notice below the title has the button that resumes. */}
      {state === "active" && <PauseButton topic={topic} subscription={name} />}
      {push !== null && (
        <Button blocked={blocks.change} onClick={() => onDialog("test")}>
          {text("subscription.test")}
        </Button>
      )}
      <LinkButton href={to.editSubscription(topic, name)} blocked={blocks.change}>
        {text("common.edit")}
      </LinkButton>
    </>
  );
}

/** Rare actions: to send again, to change the key, to delete. */
export function RareActions({ subscription, onDialog }: ActionsProps) {
  const text = useText();
  const blocks = useBlocks();
  const { topic, name, push } = subscription;
  const { portal } = useSignedIn();
  const filter = { topic, subscription: name };
  return (
    <Panel title={text("subscription.more")}>
      <div className="flex flex-wrap gap-2">
        <LinkButton href={withQuery(to.deadLetters, filter)}>{text("subscription.deadLetters")}</LinkButton>
        <LinkButton href={withQuery(to.replays, { ...filter, new: "1" })} blocked={blocks.change}>
          {text("subscription.replay")}
        </LinkButton>
        <LinkButton href={withQuery(to.messages, filter)}>{text("topics.searchMessages")}</LinkButton>
        {!portal && (
          <Button blocked={blocks.change} onClick={() => onDialog("rewind")}>
            {text("subscription.rewind")}
          </Button>
        )}
        {push !== null && push.keys.length > 0 && (
          <Button blocked={blocks.change} onClick={() => onDialog("rotate")}>
            {text("subscription.rotate")}
          </Button>
        )}
        <Button kind="danger" blocked={blocks.change} onClick={() => onDialog("delete")}>
          {text("common.delete")}
        </Button>
      </div>
    </Panel>
  );
}
