import { describedMetrics } from "../ops/metrics.ts";

/** Returns the text of docs/reference/metrics.md, which lists all metrics of Ringback. */
export function metricsReference(): string {
  const rows = describedMetrics().map(({ name, type, help }) => `| \`${name}\` | ${type} | ${help} |`);
  return `# Metrics

<!-- Made by \`npm run generate\` from packages/server/src/ops/; change it there. -->

\`GET /metrics\` answers in the text format of Prometheus. Besides these metrics there are those of the process and of
Node (\`process_…\`, \`nodejs_…\`), the event loop's delay among them. [The guide](../guide/operations.md) says how to use
them.

| metric | type | meaning |
|---|---|---|
${rows.join("\n")}
`;
}
