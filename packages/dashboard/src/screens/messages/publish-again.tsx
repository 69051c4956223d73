import { useState } from "react";
import { useLocation } from "wouter";
import { to } from "../../app/addresses.ts";
import { useAction } from "../../api/action.ts";
import { useBlocks } from "../../api/rights.ts";
import { client, useSignedIn } from "../../api/session.ts";
import { Button } from "../../parts/button.tsx";
import { Code } from "../../parts/code.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { ProblemNotice } from "../../parts/notice.tsx";
import { useText } from "../../language/text.ts";
import { inputOf, type Message } from "../../format/curl.ts";

/** Publishes the message once more, as a new message for all subscriptions of its topic. */
export function PublishAgain({ message }: { readonly message: Message }) {
  const text = useText();
  const { publish: blocked } = useBlocks();
  const { portal } = useSignedIn();
  const [isOpen, setOpen] = useState(false);
  const [, navigate] = useLocation();
  const input = inputOf(message);
  const publish = useAction({
    run: () => client().publish(message.topic, input),
    changes: ["/v1/topics/{topic}/messages"],
    done: ({ id }) => text("messages.publishedAgain", { id }),
  });
  const again = (): void =>
    publish.mutate(undefined, {
      onSuccess: ({ id }) => {
        setOpen(false);
        navigate(to.message(id));
      },
    });
  if (portal) return null;
  return (
    <>
      <Button blocked={blocked} onClick={() => setOpen(true)}>
        {text("messages.publishAgain")}
      </Button>
      <Dialog
        wide
        title={text("messages.publishAgain")}
        open={isOpen}
        onClose={() => setOpen(false)}
        actions={
          <Button kind="primary" busy={publish.isPending} onClick={again}>
            {text("messages.publishNow")}
          </Button>
        }
      >
        <p>{text("messages.publishAgainHelp", { topic: message.topic })}</p>
        <Code label={`POST /v1/topics/${message.topic}/messages`} text={JSON.stringify(input, null, 2)} />
        <ProblemNotice error={publish.error} />
      </Dialog>
    </>
  );
}
