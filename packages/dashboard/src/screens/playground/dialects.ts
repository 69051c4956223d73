/** The dialects in which the playground can publish, most used first. */
export const dialects = [
  "standard-webhooks",
  "cloudevents",
  "cloudevents-binary",
  "raw",
  "cmq-json",
  "cmq-simplified",
  "mns-xml",
  "mns-json",
  "mns-simplified",
  "wechat",
  "slack",
  "dingtalk",
  "wecom",
  "feishu",
] as const;

export type Dialect = (typeof dialects)[number];
