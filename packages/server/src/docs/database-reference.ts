import { migrations } from "../store/sqlite/migrations.ts";

interface Table {
  readonly name: string;
  readonly comment: string;
  readonly code: string;
}

/** Returns the text of docs/reference/database.md, from the statements that create the tables. */
export function databaseReference(postgresSchema: string): string {
  return `# The database schema

<!-- Made by \`npm run generate\` from the migrations of both databases; change them there. -->

Use the API to read and change data: the schema belongs to one version of the server and may change with the next. This
page is for those who look into a database by hand. Times are Unix milliseconds.

## PostgreSQL

All tables are in the schema \`ringback\`.

${tablesIn(postgresSchema).map(tableSection("postgresql")).join("\n")}
## SQLite

All tables are in the file \`ringback.db\` of the data folder.

${tablesIn(migrations.join("\n")).map(tableSection("sqlite")).join("\n")}`;
}

const creation = /((?:^--.*\n)*)^CREATE TABLE (?:ringback\.)?(\w+) (\([^]*?;)$/gm;

function tablesIn(sql: string): Table[] {
  return [...sql.matchAll(creation)]
    .map(([, comment = "", name = "", rest = ""]) => ({
      name,
      comment: comment.replaceAll(/^-- ?/gm, "").trim(),
      code: `CREATE TABLE ${name} ${rest}`,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function tableSection(database: string) {
  return ({ name, comment, code }: Table): string => {
    const text = comment === "" ? "" : `${plain(comment)}\n\n`;
    return `### ${name} {#${database}-${name}}\n\n${text}\`\`\`sql\n${code}\n\`\`\`\n`;
  };
}

/** Column notes of a comment (`name: what it holds`) begin paragraphs of their own. Markdown marks stay text. */
function plain(comment: string): string {
  return comment.replaceAll(/[<>_*]/g, String.raw`\$&`).replaceAll(/\n(?=[a-z\\_, ]+: )/g, "\n\n");
}
