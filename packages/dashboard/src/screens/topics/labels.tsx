import { Tag } from "../../parts/status.tsx";

/** Names and values that users have given to a resource. */
export function Labels({ labels }: { readonly labels: Readonly<Record<string, string>> }) {
  return Object.entries(labels).map(([name, value]) => (
    <span key={name} className="mr-1">
      <Tag>{`${name}=${value}`}</Tag>
    </span>
  ));
}
