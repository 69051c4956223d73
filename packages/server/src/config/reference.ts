import { configFileVariable, serverUrlVariable } from "./environment.ts";
import { flagName, settingKeys, settings, variableName } from "./settings.ts";
import type { SettingKey } from "./settings.ts";

/** docs/reference/configuration.md, whole. `npm run generate` writes it. */
export function configurationReference(): string {
  return `${[introduction, ...settingKeys.map(section), topics, inboxes, hooks, apiKeys, serviceDiscovery].join("\n\n")}\n`;
}

const introduction = `# Configuration

<!-- Generated from packages/server/src/config/settings.ts by \`npm run generate\`; change it there. -->

Every setting can be given as a flag of \`ringback serve\`, as an environment variable, or in a YAML file that
\`--config ringback.yaml\` or \`${configFileVariable}\` names. A flag beats a variable, a variable beats the file, the file beats the default.
An unknown key or a bad value stops the start with one line that says where it stands and what would be right. A variable
that is set to nothing counts as not set.

Durations are milliseconds or a number with a unit (\`500ms\`, \`2s\`, \`5m\`, \`1h\`, \`7d\`), sizes are bytes or a number with a
unit (\`64KiB\`, \`16MiB\`, \`10GiB\`).

| setting | flag | variable | default |
|---|---|---|---|
${settingKeys.map((key) => `| \`${key}\` | ${flagCell(key)} | \`${variableName(key)}\` | ${defaultCell(key)} |`).join("\n")}

\`${serverUrlVariable}\` is read by \`ringback publish\` and \`ringback tail\`: the server to talk to, when \`--url\` does not say.`;

function defaultCell(key: SettingKey): string {
  const { defaultText } = settings[key];
  return /[ ]|^none$/.test(defaultText) ? defaultText : `\`${defaultText}\``;
}

function flagCell(key: SettingKey): string {
  return settings[key].secret ? "none: it is a secret" : `\`${flagName(key)}\``;
}

function section(key: SettingKey): string {
  const { about, expected } = settings[key];
  return `## ${key}\n\n${about}\n\nGive ${expected}.`;
}

const topics = `## topics

Only in the file: topics and their subscriptions, put at every start just as the API would put them, with the same bodies.
Putting what is there already changes nothing, and nothing is deleted because it is missing here.

\`\`\`yaml
listen: 127.0.0.1:8000
topics:
  MyTopic:
    retentionMs: 86400000
    subscriptions:
      mysubscription:
        push:
          url: http://127.0.0.1:9000/cgi
          protocol: cmq-json
\`\`\``;

const inboxes = `## inboxes

Only in the file, and put at every start as topics are, after them: inboxes (\`PUT /v1/inboxes/{inbox}\`, with the same bodies).

\`\`\`yaml
inboxes:
  weixin:
    accept: json
    whilePolledMs: 300000
\`\`\``;

const hooks = `## hooks, callbacks and keys

Only in the file, and put at every start as topics are: hooks (\`PUT /v1/hooks/{name}\`) and the keys that they and signing
subscriptions use (\`PUT /v1/keys/{kid}\`, which needs \`masterKey\`). \`callbacks\` is koipy's own block, word for word: each URL
becomes a hook of that name in koipy's dialect, with the defaults; one that is left out or empty is not set. A name may stand
under \`callbacks\` or under \`hooks\`, not under both.

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

Only in the file, and put at every start as topics are: the pairs that programs sign their requests with, each under the name that
people know it by (\`POST /v1/api-keys\`; they need \`masterKey\`). A program that comes from another cloud keeps the pair that it has.
A pair of the same \`secretId\` is replaced; one that is missing here is not revoked. Whoever reads the file can sign, so keep it
readable for the server alone, or make the pairs by the API, which gives a \`secretKey\` out once.

\`\`\`yaml
apiKeys:
  billing:
    secretId: AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA
    secretKey: Gu5t9xGARNpq86cd98joQYCN3EXAMPLE
\`\`\``;

const serviceDiscovery = `## Variables that are left alone

An unknown variable that begins with \`RINGBACK_\` stops the start, because it is most likely a typing error. Those that
container platforms set for a service called "ringback" (\`RINGBACK_SERVICE_HOST\`, \`RINGBACK_PORT=tcp://…\`,
\`RINGBACK_PORT_8000_TCP_ADDR\` and their like) are passed over.`;
