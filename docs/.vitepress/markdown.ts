/** The part of markdown-it that is used here; markdown-it itself belongs to VitePress. */
interface Token {
  type: string;
  attrGet(name: string): string | null;
  children: Token[] | null;
  tag: string;
  hidden: boolean;
  content: string;
}

interface State {
  src: string;
  tokens: Token[];
  env: { relativePath?: string };
}

type Rule = (state: State) => void;

interface Markdown {
  core: { ruler: { push(name: string, rule: Rule): void; before(other: string, name: string, rule: Rule): void } };
}

/**
 * Makes plain text of links to files of the repository that are not pages of the site, such as `../../deploy/`. The
 * repository may be anywhere, so the site cannot link to it.
 */
export function unlinkOutside(markdown: Markdown): void {
  markdown.core.ruler.push("unlink_outside", ({ tokens, env }) => {
    for (const { children } of tokens) if (children !== null) unlink(children, env.relativePath ?? "");
  });
}

/** Drops the comments of generated pages. HTML is off, so they would be shown. */
export function dropComments(markdown: Markdown): void {
  markdown.core.ruler.before("block", "drop_comments", (state) => {
    state.src = state.src.replaceAll(/^<!--[^]*?-->$/gm, "");
  });
}

/** Makes an empty header of a table an ordinary cell: screen readers announce headers. */
export function plainEmptyHeaders(markdown: Markdown): void {
  markdown.core.ruler.push("plain_empty_headers", ({ tokens }) => {
    tokens.forEach((token, index) => {
      const [inline, close] = [tokens[index + 1], tokens[index + 2]];
      if (token.type !== "th_open" || inline?.content !== "" || close === undefined) return;
      token.tag = "td";
      close.tag = "td";
    });
  });
}

const wide = String.raw`[\p{Script=Han}\u3000-\u303f\uff00-\uffef]`;
const endsWide = new RegExp(`${wide}$`, "u");
const startsWide = new RegExp(`^${wide}`, "u");

/** Joins the lines of a Chinese paragraph without a space: a browser shows a line break as a space. */
export function joinChineseLines(markdown: Markdown): void {
  markdown.core.ruler.push("join_chinese_lines", ({ tokens }) => {
    for (const { children } of tokens) {
      children?.forEach((token, index) => {
        const before = children[index - 1]?.content ?? "";
        const after = children[index + 1]?.content ?? "";
        const isChinese = endsWide.test(before) || startsWide.test(after);
        if (token.type === "softbreak" && isChinese) Object.assign(token, { type: "text", content: "" });
      });
    }
  });
}

function unlink(children: Token[], page: string): void {
  let isOutside = false;
  for (const token of children) {
    if (token.type === "link_open") isOutside = !isPage(token.attrGet("href") ?? "", page);
    if (isOutside && /^link_(?:open|close)$/.test(token.type)) {
      Object.assign(token, { type: "text", tag: "", content: "", nesting: 0 });
    }
    if (token.type === "link_close") isOutside = false;
  }
}

/** Whether the link leads to a page below docs, or to another site. */
export function isPage(href: string, page: string): boolean {
  if (/^(?:[a-z]+:|#|\/)/.test(href)) return true;
  const target = new URL(href, `http://site/docs/${page}`).pathname;
  return target.startsWith("/docs/") && /(?:\.md|\.html|\/|\/[^./]+)$/.test(target) && !href.endsWith("/");
}
