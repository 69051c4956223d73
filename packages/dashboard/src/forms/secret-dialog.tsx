import { Code } from "../parts/code.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { useText } from "../language/text.ts";
import type { Settings } from "./values.ts";

/** Members of an answer that the server shows only once. */
const secretMembers = ["secret", "token", "secretId", "secretKey"] as const;

export type Secrets = readonly (readonly [name: (typeof secretMembers)[number], value: string])[];

/** The secrets of an answer; empty: it has none. */
export function secretsOf(answer: unknown): Secrets {
  const members = (answer ?? {}) as Settings;
  return secretMembers.flatMap((name) => {
    const value = members[name];
    return typeof value === "string" ? [[name, value] as const] : [];
  });
}

interface SecretDialogProps {
  readonly secrets: Secrets;
  readonly onClose: () => void;
}

/** Shows secrets that the server shows only once. */
export function SecretDialog({ secrets, onClose }: SecretDialogProps) {
  const text = useText();
  return (
    <Dialog title={text("forms.secretTitle")} open={secrets.length > 0} onClose={onClose}>
      <p>{text("forms.secretOnce")}</p>
      {secrets.map(([name, value]) => (
        <Code key={name} label={text.named("label", name)} text={value} />
      ))}
    </Dialog>
  );
}
