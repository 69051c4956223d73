import {
  anchorOf,
  pageOfTag,
  routesOf,
  type Content,
  type OpenapiDocument,
  type Parameter,
  type Response,
  type Route,
  type Schema,
} from "./openapi-document.ts";
import { cell, schemaText } from "./schema-text.ts";

export interface Page {
  /** Path below docs/reference. */
  readonly path: string;
  readonly text: string;
}

export const madeFromOpenapi =
  "<!-- Made by `npm run generate` from docs/reference/openapi.json; change the routes. -->";

/** Returns the pages of the API: an index, one page for each tag, and one with all named shapes. */
export function apiPages(document: OpenapiDocument): Page[] {
  const routes = routesOf(document);
  return [
    { path: "api/index.md", text: indexPage(document, routes) },
    ...document.tags.map(({ name, description }) => ({
      path: `api/${pageOfTag(name)}.md`,
      text: tagPage(
        name,
        description,
        routes.filter(({ tags }) => tags.includes(name)),
      ),
    })),
    { path: "api/shapes.md", text: shapesPage(document) },
  ];
}

export function titleOf(tag: string): string {
  return `API: ${tag.replace(/^api /, "API ")}`;
}

function indexPage(document: OpenapiDocument, routes: readonly Route[]): string {
  const sections = document.tags.map(({ name, description }) => {
    const rows = routes.filter(({ tags }) => tags.includes(name)).map((route) => indexRow(name, route));
    return `## ${titleOf(name).slice("API: ".length)}

${description}

| request | does |
|---|---|
${rows.join("\n")}
`;
  });
  return `# The HTTP API

${madeFromOpenapi}

Requests and responses are JSON. A running server returns the whole description at \`/openapi.json\`, for programs that
read OpenAPI 3.1. [Shapes](shapes.md) lists the fields of every object, [errors](../errors.md) every error code.

${sections.join("\n")}`;
}

function indexRow(tag: string, route: Route): string {
  const link = `${pageOfTag(tag)}.md#${anchorOf(route)}`;
  return `| [\`${route.method} ${route.path}\`](${link}) | ${cell(route.summary)} |`;
}

function tagPage(tag: string, description: string, routes: readonly Route[]): string {
  return `# ${titleOf(tag)}

${madeFromOpenapi}

${description}

${routes.map(routeSection).join("\n")}`;
}

function routeSection(route: Route): string {
  const parts = [
    `## ${route.summary} {#${anchorOf(route)}}`,
    `\`\`\`http\n${route.method} ${route.path}\n\`\`\``,
    route.description ?? "",
    parameterTable(route.parameters ?? []),
    ...Object.entries(route.requestBody?.content ?? {}).map(([type, content]) => bodyText("Body", type, content)),
    responseTable(route.responses),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function parameterTable(parameters: readonly Parameter[]): string {
  if (parameters.length === 0) return "";
  const rows = parameters.map(
    ({ name, in: where, required, schema, description = "" }) =>
      `| \`${name}\` | ${where}${required === true ? ", required" : ""} | ${cell(schemaText(schema))} | ${cell(description)} |`,
  );
  return `| parameter | in | value | meaning |\n|---|---|---|---|\n${rows.join("\n")}`;
}

function bodyText(title: string, type: string, { schema, examples }: Content): string {
  const shape = schema === undefined ? "" : `: ${cell(schemaText(schema))}`;
  const shown = Object.values(examples ?? {}).map(
    ({ value }) => `\n\n\`\`\`json\n${JSON.stringify(value, null, 2)}\n\`\`\``,
  );
  return `${title}, \`${type}\`${shape}${shown.join("")}`;
}

function responseTable(responses: Readonly<Record<string, Response>>): string {
  const rows = Object.entries(responses).map(([status, response]) => {
    const shapes = Object.entries(response.content ?? {}).flatMap(([type, { schema }]) =>
      schema === undefined || type.includes("problem") ? [] : [schemaText(schema)],
    );
    return `| ${status} | ${cell(linkCodes(status, response.description))} | ${cell(shapes.join(" or "))} |`;
  });
  return `| status | meaning | body |\n|---|---|---|\n${rows.join("\n")}`;
}

/** Responses that are errors have the codes as their description. */
function linkCodes(status: string, description: string): string {
  if (!/^[45]/.test(status) || !/^`\w+`(?:, `\w+`)*$/.test(description)) return description;
  return description.replaceAll(/`(\w+)`/g, "[`$1`](../errors/$1.md)");
}

function shapesPage(document: OpenapiDocument): string {
  const sections = Object.entries(document.components.schemas).map(
    ([name, schema]) => `## ${name} {#${name.toLowerCase()}}\n\n${shapeText(schema)}\n`,
  );
  return `# API: shapes

${madeFromOpenapi}

The objects that requests and responses of the API consist of.

${sections.join("\n")}`;
}

function shapeText(schema: Schema): string {
  const { properties = {}, required = [] } = schema;
  const rows = Object.entries(properties).map(
    ([name, value]) =>
      `| \`${name}\` | ${required.includes(name) ? "always" : "optional"} | ${cell(schemaText(value))} | ${cell(value.description ?? "")} |`,
  );
  const table =
    rows.length === 0 ? `Value: ${schemaText(schema)}.` : "| field | given | value | meaning |\n|---|---|---|---|";
  return [schema.description ?? "", [table, ...rows].join("\n")].filter((part) => part !== "").join("\n\n");
}
