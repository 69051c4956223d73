import { configFileVariable, serverUrlVariable } from "./environment.ts";
import { flagName, settingKeys, settings, variableName } from "./settings.ts";
import type { SettingKey } from "./settings.ts";

/** docs/reference/configuration.md, whole. `npm run generate` writes it. */
export function configurationReference(): string {
  return `${[introduction, ...settingKeys.map(section), topics, serviceDiscovery].join("\n\n")}\n`;
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
${settingKeys.map((key) => `| \`${key}\` | \`${flagName(key)}\` | \`${variableName(key)}\` | ${defaultCell(key)} |`).join("\n")}

\`${serverUrlVariable}\` is read by \`ringback publish\` and \`ringback tail\`: the server to talk to, when \`--url\` does not say.`;

function defaultCell(key: SettingKey): string {
  const { defaultText } = settings[key];
  return /[ ]|^none$/.test(defaultText) ? defaultText : `\`${defaultText}\``;
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
    filterType: tag
    retentionMs: 86400000
    subscriptions:
      mysubscription:
        push:
          url: http://127.0.0.1:9000/cgi
          protocol: cmq-json
\`\`\``;

const serviceDiscovery = `## Variables that are left alone

An unknown variable that begins with \`RINGBACK_\` stops the start, because it is most likely a typing error. Those that
container platforms set for a service called "ringback" (\`RINGBACK_SERVICE_HOST\`, \`RINGBACK_PORT=tcp://…\`,
\`RINGBACK_PORT_8000_TCP_ADDR\` and their like) are passed over.`;
