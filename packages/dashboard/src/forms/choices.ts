/** Words that the API takes for a setting without listing them in its schema. */
const words: Readonly<Record<string, readonly string[]>> = {
  "PushSettings.protocol": [
    "raw",
    "standard-webhooks",
    "cloudevents",
    "cloudevents-binary",
    "cmq-json",
    "cmq-simplified",
    "mns-xml",
    "mns-json",
    "mns-simplified",
    "slack",
    "dingtalk",
    "wecom",
    "feishu",
    "wechat",
  ],
  "HookSettings.protocol": ["koipy", "json", "opencard"],
};

export function choicesOf(shape: string, name: string): readonly string[] | null {
  return words[`${shape}.${name}`] ?? null;
}

export const settingsWithChoices = Object.keys(words);

/** Settings that most readers need; the others are under "More options". */
export const commonSettings: Readonly<Record<string, readonly string[]>> = {
  TopicSettings: ["description", "retentionMs", "labels"],
  SubscriptionSettings: ["push", "pull", "filter", "retry", "description"],
  PushSettings: ["url", "protocol", "keys"],
  PullSettings: ["visibilityMs", "receivesMax"],
  HookSettings: ["urls", "protocol", "onError", "description"],
  InboxSettings: ["description", "accept", "verify"],
  EventTypeSettings: ["description", "schema", "example"],
  AccountSettings: ["description", "limits", "labels"],
  KeySettings: ["generate", "secret"],
  ApiKeySettings: ["name", "role", "topics", "expiresAt"],
};
