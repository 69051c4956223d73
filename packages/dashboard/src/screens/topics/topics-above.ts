import { to } from "../../app/addresses.ts";
import { useSignedIn } from "../../api/session.ts";
import { useText } from "../../language/text.ts";

/** The screens above those of a topic. A portal has no screens of topics, so its endpoints are there instead. */
export function useTopicsAbove(topic: string): readonly (readonly [title: string, href: string])[] {
  const text = useText();
  const { portal } = useSignedIn();
  if (portal) return [[text("nav.subscriptions"), to.subscriptions]];
  return [
    [text("nav.topics"), to.topics],
    [topic, to.topic(topic)],
  ];
}
