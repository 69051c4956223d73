import { Link } from "wouter";
import { to } from "../../app/addresses.ts";
import { useSignedIn } from "../../api/session.ts";

/** The name of a topic, as a link to its screen, which a portal has not. */
export function TopicLink({ topic }: { readonly topic: string }) {
  const { portal } = useSignedIn();
  if (portal) return <span>{topic}</span>;
  return (
    <Link href={to.topic(topic)} className="hover:underline">
      {topic}
    </Link>
  );
}
