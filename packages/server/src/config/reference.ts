import { configFileVariable, serverUrlVariable } from "./environment.ts";
import {
  fileVariableName,
  flagName,
  secretKeys,
  settingKeys,
  settings,
  variableName,
  type SettingKey,
} from "./settings.ts";

/** Returns the text of docs/reference/configuration.md, which `npm run generate` writes. */
export function configurationReference(): string {
  return `${[introduction, ...settingKeys.map(section), topics, inboxes, hooks, apiKeys, serviceDiscovery].join("\n\n")}\n`;
}

const introduction = `# Configuration

<!-- Generated from packages/server/src/config/settings.ts by \`npm run generate\`; change it there. -->

Every setting can be given as a flag of \`ringback serve\`, as an environment variable, or in a YAML file that
\`--config ringback.yaml\` or \`${configFileVariable}\` names. A flag overrides a variable, a variable overrides the
file, and the file overrides the default. An unknown key or an invalid value stops the start with one line that says
where it is and what would be valid. An empty variable counts as not set.

Secrets can come from a file: a variable with \`_FILE\` at its end, such as \`${fileVariableName("masterKey")}\`, contains
the path of a file with the value. These settings have such a variable: ${secretKeys.map((key) => `\`${key}\``).join(", ")}.

Durations are milliseconds or a number with a unit (\`500ms\`, \`2s\`, \`5m\`, \`1h\`, \`7d\`). Sizes are bytes or a
number with a unit (\`64KiB\`, \`16MiB\`, \`10GiB\`).

| setting | flag | variable | default |
|---|---|---|---|
${settingKeys.map((key) => `| \`${key}\` | ${flagCell(key)} | \`${variableName(key)}\` | ${defaultCell(key)} |`).join("\n")}

The commands \`ringback publish\`, \`ringback pull\` and \`ringback tail\` read the server's URL from
\`${serverUrlVariable}\`, unless \`--url\` is given.`;

function defaultCell(key: SettingKey): string {
  const { defaultText } = settings[key];
  return /[ ]|^none$/.test(defaultText) ? defaultText : `\`${defaultText}\``;
}

function flagCell(key: SettingKey): string {
  return settings[key].secret ? "none, because it is a secret" : `\`${flagName(key)}\``;
}

function section(key: SettingKey): string {
  const { about, expected } = settings[key];
  return `## ${key}\n\n${about}\n\nValue: ${expected}.`;
}

const topics = `## topics

Only in the file: topics and their subscriptions. At every start the server puts them as the API would, with the same
bodies. Resources that exist already and are equal do not change. Resources that are missing in the file are not deleted.

\`\`\`yaml
listen: 127.0.0.1:8000
topics:
  MyTopic:
    retentionMs: 86400000
    subscriptions:
      mysubscription:
        push:
          url: http://127.0.0.1:9000/cgi
          protocol: cloudevents
\`\`\``;

const inboxes = `## inboxes

Only in the file: inboxes, with the bodies of \`PUT /v1/inboxes/{inbox}\`. The server creates or replaces them at every
start, after the topics.

\`\`\`yaml
inboxes:
  arrivals:
    accept: json
    whilePolledMs: 300000
\`\`\``;

const hooks = `## hooks, callbacks and keys

Only in the file: hooks, with the bodies of \`PUT /v1/hooks/{name}\`, and the keys of hooks and signing subscriptions,
with the bodies of \`PUT /v1/keys/{kid}\`, which need a master key. The server creates or replaces them at every start.
\`callbacks\` is the block of koipy's own configuration. The key of each entry becomes the name of a hook, which has the
entry's URL, koipy's protocol and default settings. An entry without a URL is ignored. A name may be under \`callbacks\`
or under \`hooks\`, but not under both.

\`\`\`yaml
callbacks:
  onMessage: http://127.0.0.1:8080/onMessage
  # onPreSend: http://127.0.0.1:8080/onPreSend
  # onResult: http://127.0.0.1:8080/onResult
hooks:
  card:
    urls: ["https://example.com/webhook"]
    protocol: opencard
    key: "0"
    timeoutMs: 3000
    onError: reject
keys:
  "0":
    jwk: { kty: oct, k: MDEyMzQ1Njc4OWFiY2RlZg }
\`\`\``;

const apiKeys = `## apiKeys

Only in the file: API keys, each a pair that programs sign their requests with, under a name of your choice. They need
a master key. The server creates or replaces them at every start. A program that comes from another cloud can keep its
pair. A stored pair with the same \`secretId\` is replaced; pairs that are missing in the file are not revoked. Everyone
who can read the file can sign requests. So make it readable for the server only, or create the pairs with \`POST
/v1/api-keys\`, which shows the \`secretKey\` once.

\`\`\`yaml
apiKeys:
  billing:
    secretId: AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA
    secretKey: Gu5t9xGARNpq86cd98joQYCN3EXAMPLE
\`\`\``;

const serviceDiscovery = `## Ignored variables

An unknown variable that begins with \`RINGBACK_\` stops the start, because it is most likely a typing error. The
variables that container platforms set for a service called "ringback" (such as \`RINGBACK_SERVICE_HOST\`,
\`RINGBACK_PORT=tcp://…\` and \`RINGBACK_PORT_8000_TCP_ADDR\`) are ignored.`;
