import { defineConfig, type DefaultTheme } from "vitepress";
import { dropComments, joinChineseLines, plainEmptyHeaders, unlinkOutside } from "./markdown.ts";
import { sidebar } from "./pages.ts";
import { searchOptions } from "./search.ts";

// Imported by Node and not bundled: the bundler of VitePress does not know the language level of the server's sources.
const { siteBase } = (await import(new URL("../../packages/server/src/domain/site-base.ts", import.meta.url).href)) as {
  siteBase: string;
};

const english = {
  nav: [
    { text: "Start", link: "/start" },
    { text: "API", link: "/reference/api/" },
    { text: "Errors", link: "/reference/errors" },
    { text: "Decisions", link: "/reference/decisions" },
  ],
  sidebar: sidebar("en") as DefaultTheme.Sidebar,
};

const chinese = {
  nav: [
    { text: "入门", link: "/zh/start" },
    { text: "API", link: "/reference/api/" },
    { text: "错误", link: "/reference/errors" },
  ],
  sidebar: sidebar("zh") as DefaultTheme.Sidebar,
  outline: { label: "本页内容" },
  docFooter: { prev: "上一页", next: "下一页" },
  returnToTopLabel: "回到顶部",
  sidebarMenuLabel: "菜单",
  darkModeSwitchLabel: "外观",
  lightModeSwitchTitle: "切换到浅色",
  darkModeSwitchTitle: "切换到深色",
  langMenuLabel: "语言",
  skipToContentLabel: "跳到正文",
  notFound: { title: "没有这个页面", quote: "", linkLabel: "回到首页", linkText: "回到首页" },
};

export default defineConfig({
  base: siteBase,
  title: "Ringback",
  description: "A self-hosted HTTP callback platform",
  cleanUrls: true,
  lang: "en",
  locales: {
    root: { label: "English", lang: "en", themeConfig: english },
    zh: { label: "简体中文", lang: "zh-CN", description: "自托管的 HTTP 回调平台", themeConfig: chinese },
  },
  // Only some pages are translated, so the switch of the language leads to the first page of the other one.
  themeConfig: { i18nRouting: false, search: { provider: "local", options: searchOptions } },
  markdown: {
    // Documents contain `{{ }}` and `<name>` as text; none uses Vue.
    html: false,
    // Addresses in the text are examples and lead nowhere.
    linkify: false,
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
    config: (markdown) => {
      unlinkOutside(markdown);
      dropComments(markdown);
      plainEmptyHeaders(markdown);
      joinChineseLines(markdown);
    },
  },
  vite: { build: { chunkSizeWarningLimit: 8000 } },
});
