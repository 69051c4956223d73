import type { DefaultTheme } from "vitepress";

/** Options of the search, which runs in the browser and needs no other server. */
export const searchOptions: DefaultTheme.LocalSearchOptions = {
  miniSearch: {
    options: {
      // VitePress sends this function to the browser as text, so it must not use anything outside of itself. Chinese
      // has no spaces: each character is a term.
      tokenize: (text) => text.split(/[\n\r\p{Z}\p{P}]+|(?<=\p{Script=Han})|(?=\p{Script=Han})/u).filter(Boolean),
    },
    searchOptions: { combineWith: "AND", prefix: true, fuzzy: 0.1 },
  },
  locales: {
    zh: {
      translations: {
        button: { buttonText: "搜索", buttonAriaLabel: "搜索" },
        modal: {
          displayDetails: "显示详情",
          resetButtonTitle: "清除",
          backButtonTitle: "关闭",
          noResultsText: "没有结果：",
          footer: { selectText: "打开", navigateText: "移动", closeText: "关闭" },
        },
      },
    },
  },
};
