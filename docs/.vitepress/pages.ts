/**
 * The one list of the site's pages, in the order of the sidebar. A page's title is its heading. A page in docs/zh at
 * the same path is its Chinese translation, and appears in the Chinese sidebar by itself.
 */

import { existsSync, globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const docsFolder = fileURLToPath(new URL("../", import.meta.url));

export interface Section {
  readonly name: string;
  readonly nameZh: string;
  /** Paths below docs. A path with `*` stands for all files that match, by name. */
  readonly paths: readonly string[];
  /** The sidebar leaves the other pages of a long section to its first page, which links to all of them. */
  readonly isIndexed?: true;
}

export const sections: readonly Section[] = [
  { name: "Start", nameZh: "入门", paths: ["start.md", "guide/sending-webhooks.md", "guide/testing-locally.md"] },
  {
    name: "Concepts",
    nameZh: "概念",
    paths: ["concepts/delivery.md", "ARCHITECTURE.md"],
  },
  {
    name: "Send",
    nameZh: "发送",
    paths: [
      "guide/signing.md",
      "guide/endpoints.md",
      "guide/filters.md",
      "guide/event-types.md",
      "guide/flow.md",
      "guide/sending-again.md",
      "guide/loops.md",
      "guide/hooks.md",
      "guide/robots.md",
    ],
  },
  {
    name: "Receive",
    nameZh: "接收",
    paths: [
      "guide/receiving.md",
      "guide/receiving-in-other-languages.md",
      "guide/other-dialects-in-other-languages.md",
      "guide/inboxes.md",
      "guide/pull.md",
    ],
  },
  {
    name: "Dialects",
    nameZh: "五种方言",
    paths: [
      "dialects/cmq-json.md",
      "dialects/cmq-simplified.md",
      "dialects/wechat.md",
      "dialects/koipy.md",
      "dialects/opencard.md",
    ],
  },
  {
    name: "Move from another system",
    nameZh: "迁移",
    paths: ["guide/from-cmq.md", "guide/from-mns.md", "guide/from-svix.md"],
  },
  {
    name: "Tools",
    nameZh: "工具",
    paths: [
      "guide/dashboard.md",
      "guide/portal.md",
      "guide/client.md",
      "guide/command-line.md",
      "guide/changing-settings.md",
    ],
  },
  {
    name: "Operations",
    nameZh: "运维",
    paths: [
      "guide/access.md",
      "guide/accounts.md",
      "guide/audit.md",
      "guide/backup.md",
      "guide/cluster.md",
      "guide/migrate.md",
      "guide/listeners.md",
      "guide/operations.md",
      "guide/dashboards.md",
      "guide/events.md",
      "guide/traces.md",
      "guide/on-call.md",
    ],
  },
  { name: "Other guides", nameZh: "其他指南", paths: ["guide/*.md"] },
  {
    name: "Reference",
    nameZh: "参考",
    paths: [
      "reference/configuration.md",
      "reference/command-line.md",
      "reference/metrics.md",
      "reference/database.md",
      "reference/cmq.md",
      "reference/sdk.md",
      "stability.md",
      "dependencies.md",
    ],
  },
  {
    name: "Design of the dashboard",
    nameZh: "控制台设计",
    paths: ["design/README.md", "design/*.md"],
    isIndexed: true,
  },
  { name: "HTTP API", nameZh: "HTTP API", paths: ["reference/api/index.md", "reference/api/*.md"] },
  { name: "Errors", nameZh: "错误", paths: ["reference/errors.md", "reference/errors/*.md"], isIndexed: true },
  { name: "Decisions", nameZh: "设计决定", paths: ["reference/decisions.md", "adr/*.md"], isIndexed: true },
];

/** Returns the sections with every path once: a pattern leaves out what an earlier path has named. */
export function listedSections(): Section[] {
  const seen = new Set<string>();
  const fresh = (path: string) => !seen.has(path) && seen.add(path);
  return sections
    .map((section) => ({ ...section, paths: section.paths.flatMap(expanded).filter(fresh) }))
    .filter(({ paths }) => paths.length > 0);
}

/** A guide that "Other guides" finds may be missing from the list; a path without `*` must exist. */
function expanded(pattern: string): string[] {
  if (!pattern.includes("*")) return [pattern];
  return globSync(pattern, { cwd: docsFolder }).sort();
}

export function titleOf(path: string): string {
  const title = /^# (.+)$/m.exec(readFileSync(docsFolder + path, "utf8"))?.[1];
  if (title === undefined) throw new Error(`docs/${path} has no heading "# …", which the sidebar shows`);
  return title.replaceAll("`", "");
}

export interface SidebarGroup {
  readonly text: string;
  readonly items: readonly { readonly text: string; readonly link: string }[];
}

/** Returns the sidebar. What is not translated links to its English page. */
export function sidebar(language: "en" | "zh"): SidebarGroup[] {
  return listedSections().map(({ name, nameZh, paths, isIndexed }) => ({
    text: language === "zh" ? nameZh : name,
    items: (isIndexed === true ? paths.slice(0, 1) : paths).map((path) => {
      const translated = `zh/${path}`;
      const shown = language === "zh" && existsSync(docsFolder + translated) ? translated : path;
      return { text: titleOf(shown), link: linkTo(shown) };
    }),
  }));
}

/** Returns the address of a page below the site's base. */
export function linkTo(path: string): string {
  return `/${path.replace(/(?:index)?\.md$/, "")}`;
}
