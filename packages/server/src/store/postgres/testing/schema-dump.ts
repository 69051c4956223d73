/** `npm run generate:schema`: writes `schema.dump.sql`, the schema of a migrated database. */

import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import { migrate } from "../schema/migrate.ts";
import { PostgresServer } from "./postgres-server.ts";

export const dumpFile = new URL("../schema.dump.sql", import.meta.url);

const header =
  "-- The whole schema of a freshly migrated database.\n-- Written by `npm run generate:schema`; the sources are in schema/.";

/** Creates and migrates a database, and returns its schema as text. */
export async function dumpMigrated(server: PostgresServer, database = "schema_dump"): Promise<string> {
  await server.query(`CREATE DATABASE ${database}`);
  await migrate(server.url(database));
  const client = new Client({ connectionString: server.url(database) });
  await client.connect();
  try {
    return await dumpSchema(client);
  } finally {
    await client.end();
  }
}

/**
 * Reads the catalog: types, sequences, tables with their columns, constraints, indexes and options, triggers, and
 * functions with their source. The text is sorted by name and equal on every supported version of PostgreSQL.
 */
async function dumpSchema(client: Client): Promise<string> {
  const parts = [header];
  for (const sql of [types, sequences, tables, indexes, triggers, functions]) {
    const { rows } = await client.query<{ text: string }>(sql);
    parts.push(...rows.map(({ text }) => text.trimEnd()));
  }
  return `${parts.join("\n\n")}\n`;
}

/** Aggregates lines of text. They are sorted in collation "C", so that no locale changes their order. */
const types = `
  SELECT format(E'CREATE TYPE ringback.%s AS (\\n%s\\n);', c.relname,
    string_agg(format('  %s %s', a.attname, format_type(a.atttypid, a.atttypmod)), E',\\n' ORDER BY a.attnum)) AS text
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
  WHERE c.relnamespace = 'ringback'::regnamespace AND c.relkind = 'c'
  GROUP BY c.relname ORDER BY c.relname COLLATE "C"`;

/** Sequences of identity columns are left out, since they are part of their columns. */
const sequences = `
  SELECT format('CREATE SEQUENCE ringback.%s MAXVALUE %s;', c.relname, s.seqmax) AS text
  FROM pg_class c JOIN pg_sequence s ON s.seqrelid = c.oid
  WHERE c.relnamespace = 'ringback'::regnamespace
    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'i')
  ORDER BY c.relname COLLATE "C"`;

const column = `concat_ws(' ', ' ', a.attname, format_type(a.atttypid, a.atttypmod),
  (SELECT format('COLLATE "%s"', l.collname) FROM pg_collation l WHERE l.oid = a.attcollation AND l.collname <> 'default'),
  CASE a.attidentity WHEN 'a' THEN (
    SELECT format('GENERATED ALWAYS AS IDENTITY (MAXVALUE %s)', s.seqmax) FROM pg_depend d
    JOIN pg_sequence s ON s.seqrelid = d.objid
    WHERE d.classid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.refobjsubid = a.attnum AND d.deptype = 'i') END,
  CASE WHEN a.attnotnull THEN 'NOT NULL' END,
  (SELECT 'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d WHERE d.adrelid = c.oid AND d.adnum = a.attnum))`;

/** PostgreSQL 18 also lists NOT NULL as constraints. */
const constraints = `(SELECT string_agg(format(E',\\n  CONSTRAINT %s %s', k.conname, pg_get_constraintdef(k.oid)), ''
  ORDER BY k.conname COLLATE "C") FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype <> 'n')`;

const tables = `
  SELECT format(E'CREATE TABLE ringback.%s (\\n%s%s\\n)%s%s;', c.relname,
    (SELECT string_agg(${column}, E',\\n' ORDER BY a.attnum) FROM pg_attribute a
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
    ${constraints},
    CASE WHEN c.relkind = 'p' THEN ' PARTITION BY ' || pg_get_partkeydef(c.oid) END,
    CASE WHEN c.reloptions IS NOT NULL THEN format(' WITH (%s)', array_to_string(c.reloptions, ', ')) END) AS text
  FROM pg_class c WHERE c.relnamespace = 'ringback'::regnamespace AND c.relkind IN ('r', 'p')
  ORDER BY c.relname COLLATE "C"`;

const indexes = `
  SELECT pg_get_indexdef(i.indexrelid) || ';' AS text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
  WHERE c.relnamespace = 'ringback'::regnamespace
    AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
  ORDER BY c.relname COLLATE "C"`;

const triggers = `
  SELECT pg_get_triggerdef(t.oid) || ';' AS text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
  WHERE c.relnamespace = 'ringback'::regnamespace AND NOT t.tgisinternal
  ORDER BY c.relname COLLATE "C", t.tgname COLLATE "C"`;

const functions = `
  SELECT rtrim(pg_get_functiondef(p.oid), E'\\n') || ';' AS text FROM pg_proc p
  WHERE p.pronamespace = 'ringback'::regnamespace
  ORDER BY p.proname COLLATE "C", pg_get_function_identity_arguments(p.oid) COLLATE "C"`;

if (import.meta.main) {
  const server = await PostgresServer.start();
  try {
    writeFileSync(dumpFile, await dumpMigrated(server));
    process.stdout.write(`${fileURLToPath(dumpFile)}\n`);
  } finally {
    await server.stop();
  }
}
