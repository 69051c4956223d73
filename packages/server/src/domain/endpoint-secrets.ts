import type { EndpointAccess, Secret } from "./endpoint-access.ts";

/** The position of a secret in the settings of an endpoint. */
export interface SecretPosition {
  readonly group: keyof EndpointAccess;
  /** Such as `password`, or the name of a header. */
  readonly name: string;
}

const groups = ["headers", "auth", "tls"] as const;
const secretNames: ReadonlySet<string> = new Set(["password", "token", "clientSecret", "certificate", "key"]);

function isSecret({ group, name }: SecretPosition, value: unknown): value is Secret {
  return value !== null && (group === "headers" || secretNames.has(name));
}

export function* secretsOf(settings: EndpointAccess): Generator<SecretPosition & { readonly secret: Secret }> {
  for (const group of groups) {
    for (const [name, secret] of Object.entries(settings[group] ?? {})) {
      if (isSecret({ group, name }, secret)) yield { group, name, secret };
    }
  }
}

export function secretAt(settings: EndpointAccess, { group, name }: SecretPosition): Secret | null {
  const members: Readonly<Record<string, unknown>> = { ...settings[group] };
  const secret = Object.hasOwn(members, name) ? members[name] : null;
  return secret !== undefined && isSecret({ group, name }, secret) ? secret : null;
}

/** Returns a copy with the results of `change` in the positions of the secrets. */
export async function withSecrets<T extends EndpointAccess>(
  settings: T,
  change: (secret: Secret, position: SecretPosition) => Promise<Secret>,
): Promise<T> {
  const changed: Partial<Record<keyof EndpointAccess, unknown>> = {};
  for (const group of groups) {
    const members = settings[group];
    if (members === undefined || members === null) continue;
    const entries: [string, unknown][] = [];
    for (const [name, value] of Object.entries(members) as [string, unknown][]) {
      entries.push([name, isSecret({ group, name }, value) ? await change(value, { group, name }) : value]);
    }
    changed[group] = Object.fromEntries(entries);
  }
  return { ...settings, ...changed };
}
