import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { readFlatXml, xmlElementsMax, xmlText } from "./flat-xml.ts";
import { UndecodableError, UnencodableError } from "./protocol.ts";
import { anyText } from "./testing/any-text.ts";

const read = (text: string) => Object.fromEntries(readFlatXml(text, "R", "urn:n"));
const around = (elements: string): string => `<R xmlns="urn:n">${elements}</R>`;

describe("text in XML", () => {
  it("survives a round trip, or cannot be written", () => {
    fc.assert(
      fc.property(fc.oneof(anyText(), fc.string(), fc.string({ unit: "grapheme" })), (text) => {
        const written = orNull(() => xmlText("t", text));
        const outcome = written === null ? "refused" : read(around(`<t>${written}</t>`))["t"];
        expect(outcome).toBe(Array.from(text).every(isXmlCharacter) ? text : "refused");
      }),
    );
  });

  it("is escaped where it would be markup, and where a parser would change it", () => {
    expect(xmlText("t", `a<b>&"'\r\n\t]]>`)).toBe(`a&lt;b&gt;&amp;"'&#13;\n\t]]&gt;`);
  });

  it.each(["\0", "a\u0008", "\u001b", "\ufffe", "\uffff", "\ud800", "\udc00x"])("cannot be %j", (text) => {
    expect(() => xmlText("name", text)).toThrow(UnencodableError);
    expect(() => xmlText("name", text)).toThrow(/^name: /);
  });
});

describe("the reader of flat XML", () => {
  it.each<[string, string, Record<string, string>]>([
    ["nothing in the root", around(""), {}],
    [
      "a declaration and white space",
      `<?xml version="1.0" encoding="utf-8"?>\r\n ${around("\n\t<a>1</a> ")}\n`,
      { a: "1" },
    ],
    [
      "a declaration in single quotes",
      `<?xml version='1.0' encoding='UTF-8' ?><R xmlns='urn:n'><a>1</a></R>`,
      { a: "1" },
    ],
    ["white space in tags", `<R\n xmlns="urn:n" ><a >1</a\t></R >`, { a: "1" }],
    ["empty elements of both kinds", around("<a/><b></b><c />"), { a: "", b: "", c: "" }],
    ["white space, which belongs to the text", around("<a> \r\n x\t</a>"), { a: " \r\n x\t" }],
    ["the five entities", around("<a>&lt;&gt;&amp;&quot;&apos;</a>"), { a: `<>&"'` }],
    ["each reference once", around("<a>&amp;lt;&#38;amp;</a>"), { a: "&lt;&amp;" }],
    ["references to characters", around("<a>&#65;&#x42;&#x1F600;&#13;&#1114109;</a>"), { a: "AB😀\r\u{10fffd}" }],
    ["CDATA, which knows no references", around("<a>1<![CDATA[<b>&lt;]] ]]>2<![CDATA[]]></a>"), { a: "1<b>&lt;]] 2" }],
    ["the end of CDATA without its beginning", around("<a>]]></a>"), { a: "]]>" }],
    [
      "names that objects have",
      around("<constructor>1</constructor><toString>2</toString>"),
      { constructor: "1", toString: "2" },
    ],
  ])("accepts %s", (_, text, elements) => {
    expect(read(text)).toEqual(elements);
  });

  const lol = '<!DOCTYPE R [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>';
  it.each([
    ["nothing", ""],
    ["text", "hello"],
    ["white space before the declaration", ` <?xml version="1.0"?>${around("")}`],
    ["a byte order mark", `\ufeff${around("")}`],
    ["another version", `<?xml version="1.1"?>${around("")}`],
    ["another encoding", `<?xml version="1.0" encoding="GBK"?>${around("")}`],
    ["a standalone declaration", `<?xml version="1.0" standalone="yes"?>${around("")}`],
    ["entities that grow (a billion laughs)", `${lol}${around("<a>&b;</a>")}`],
    ["an external entity", `<!DOCTYPE R [<!ENTITY f SYSTEM "file:///etc/passwd">]>${around("<a>&f;</a>")}`],
    ["a document type of somebody else", `<!DOCTYPE R SYSTEM "http://127.0.0.1/x.dtd">${around("")}`],
    ["a document type inside", around("<!DOCTYPE a><a>1</a>")],
    ["an entity of nobody's", around("<a>&nbsp;</a>")],
    ["an entity named like what objects have", around("<a>&toString;&__proto__;</a>")],
    ["a reference without an end", around("<a>&amp</a>")],
    ["a reference that runs into the text", around("<a>&ampx</a>")],
    ["a reference without an end, at the end", `<R xmlns="urn:n"><a>&amp`],
    ["a bare ampersand", around("<a>a & b; c</a>")],
    ["a reference to nothing", around("<a>&;</a>")],
    ["a reference to no number", around("<a>&#;</a>")],
    ["a reference to no hexadecimal number", around("<a>&#xg;</a>")],
    ["a reference with a capital X", around("<a>&#X41;</a>")],
    ["a reference to a null character", around("<a>&#0;</a>")],
    ["a reference to a control character", around("<a>&#x1B;</a>")],
    ["a reference to half a surrogate pair", around("<a>&#xD800;</a>")],
    ["a reference past Unicode", around("<a>&#1114112;</a>")],
    ["a reference of endless digits", around(`<a>&#${"0".repeat(100_000)}65;</a>`)],
    ["a null character", around("<a>\0</a>")],
    ["a control character", around("<a>\u0007</a>")],
    ["half a surrogate pair", around("<a>\ud800</a>")],
    ["a root of another name", `<S xmlns="urn:n"></S>`],
    ["a root that begins alike", `<Rx xmlns="urn:n"></Rx>`],
    ["a root in another namespace", `<R xmlns="urn:m"></R>`],
    ["a root in no namespace", `<R></R>`],
    ["a root with an attribute more", `<R xmlns="urn:n" a="1"></R>`],
    ["a root with a prefix", `<n:R xmlns:n="urn:n"></n:R>`],
    ["a root without content", `<R xmlns="urn:n"/>`],
    ["a root that does not end", `<R xmlns="urn:n"><a>1</a>`],
    ["a root that begins as another", `<S xmlns="urn:n"></R>`],
    ["a root that ends as another", `<R xmlns="urn:n"></S>`],
    ["two roots", around("") + around("")],
    ["text behind the root", `${around("")}x`],
    ["a comment behind the root", `${around("")}<!-- -->`],
    ["text between elements", around("x<a>1</a>")],
    ["CDATA between elements", around("<![CDATA[ ]]>")],
    ["an element that does not end", around("<a>1")],
    ["an element that ends as another", around("<a>1</b>")],
    ["an end without a beginning", around("</a>")],
    ["a tag that does not end", around("<a")],
    ["CDATA that does not end", around("<a><![CDATA[1</a>")],
    ["CDATA in lower case", around("<a><![cdata[1]]></a>")],
    ["two elements of one name", around("<a>1</a><b/><a>1</a>")],
    ["an element in an element", around("<a><b>1</b></a>")],
    ["elements in elements without end", `<R xmlns="urn:n">${"<a>".repeat(1_000_000)}`],
    ["an attribute", around(`<a b="1">1</a>`)],
    ["a prefix", around("<n:a>1</n:a>")],
    ["a comment", around("<!-- x --><a>1</a>")],
    ["a comment in an element", around("<a>1<!-- x --></a>")],
    ["a processing instruction", around("<?php x ?><a>1</a>")],
    ["a processing instruction in an element", around("<a>1<?x?></a>")],
    ["more elements than anybody sends", around(Array.from({ length: 33 }, (_, at) => `<a${at}/>`).join(""))],
    ["a name without end", `<R xmlns="urn:n"><${"a".repeat(4_000_000)}`],
    ["white space without end", `<?xml${" ".repeat(4_000_000)}`],
  ])("refuses %s", (_, text) => {
    expect(() => read(text)).toThrow(UndecodableError);
    expect(() => read(text)).toThrow(/^body: /);
  });

  it("accepts as many elements as its limit", () => {
    const most = Array.from({ length: xmlElementsMax }, (_, at) => `<a${at}/>`);
    expect(Object.keys(read(around(most.join(""))))).toHaveLength(xmlElementsMax);
  });

  it("returns elements or throws an UndecodableError for any text that looks like XML", () => {
    const piece = fc.oneof(
      fc.constantFrom("<R", ' xmlns="urn:n"', ">", "<a>", "</a>", "<a/>", "</R>", "<![CDATA[", "]]>", "<!--", "<?xml"),
      fc.constantFrom(
        "&amp;",
        "&#65;",
        "&",
        ";",
        "<",
        "/",
        " ",
        "\n",
        "<b>",
        "</b>",
        ' version="1.0"',
        "?>",
        "<!DOCTYPE",
      ),
      anyText({ maxLength: 5 }),
    );
    const inside = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(
        fc.oneof(
          inside,
          inside.map(around),
          inside.map((text) => around(`<a>${text}</a>`)),
        ),
        (text) => {
          const elements = orNull(() => readFlatXml(text, "R", "urn:n"));
          expect(elements === null || [...elements.values()].every((value) => typeof value === "string")).toBe(true);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

function isXmlCharacter(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  if (code === 0x9 || code === 0xa || code === 0xd) return true;
  return (code >= 0x20 && code < 0xd800) || (code > 0xdfff && code < 0xfffe) || code > 0xffff;
}

function orNull<T>(run: () => T): T | null {
  try {
    return run();
  } catch (error) {
    if (error instanceof UndecodableError || error instanceof UnencodableError) return null;
    throw error;
  }
}
