import { useLocation } from "wouter";
import { to } from "../../app/addresses.ts";
import { useAction } from "../../api/action.ts";
import { client, useSignedIn } from "../../api/session.ts";
import { Confirm } from "../../parts/dialog.tsx";
import { useText } from "../../language/text.ts";
import type { OfSubscription } from "./state-buttons.tsx";

export function DeleteSubscription({
  topic,
  subscription,
  onClose,
}: OfSubscription & { readonly onClose: () => void }) {
  const text = useText();
  const { portal } = useSignedIn();
  const [, navigate] = useLocation();
  const path = { topic, subscription };
  const { mutate, isPending, error } = useAction({
    run: () => client().delete("/v1/topics/{topic}/subscriptions/{subscription}", { params: { path } }),
    changes: ["/v1/subscriptions", "/v1/topics/{topic}/subscriptions"],
    done: () => text("common.deleted", { name: subscription }),
  });
  return (
    <Confirm
      open
      title={text("subscription.deleteTitle", { subscription })}
      verb={text("common.delete")}
      typedName={subscription}
      onClose={onClose}
      busy={isPending}
      error={error}
      onConfirm={() => mutate(undefined, { onSuccess: () => navigate(portal ? to.home : to.topic(topic)) })}
    >
      {text("subscription.deleteWhat")}
    </Confirm>
  );
}
