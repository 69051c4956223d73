import { fileRule } from "../rule.ts";

/** First words that refer to something that the comment has not named. */
const pronouns = [
  /^(?:It|Its|It's|They|Their|Theirs|Them|He|She|His|Her|We|Our|You|Your|I)\b/,
  /^(?:What|Whatever|Who|Whoever|Whom|Whose|Which|Whichever|That|Those)\b/,
  /^(?:Somebody|Someone|Anybody|Anyone|Nobody|Everybody|Everyone)\b/,
  /^(?:The )?[Oo]nes? (?:that|which|who|whose|whom)\b/,
  /^All (?:that|of (?:it|them|this|that|these|those))\b/,
  /^Th(?:is|ese)(?: ones?| (?:is|are|was|were|has|have|had|does|do|did|can|may|must|will|would|should)\b|[,.:;]|$)/,
];

export const commentStart = fileRule(
  "comment start",
  "comments that begin with the thing they are about, not with a pronoun",
  function* (file) {
    for (const { line, text, isFirst } of file.texts) {
      if (!isFirst) continue;
      const start = pronouns.map((pronoun) => pronoun.exec(text)?.[0]).find((match) => match !== undefined);
      if (start === undefined) continue;
      yield {
        path: file.path,
        line,
        sentence: `the comment begins with "${start}"; name the thing that it stands for`,
      };
    }
  },
);
