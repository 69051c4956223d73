/** Versions of what is put by name, and the settings of a topic as one text. */
export const versions = `
ALTER TABLE ringback.topic ADD COLUMN version bigint NOT NULL DEFAULT 1, ADD COLUMN settings text NOT NULL DEFAULT '{}';
ALTER TABLE ringback.subscription ADD COLUMN version bigint NOT NULL DEFAULT 1;
ALTER TABLE ringback.entry ADD COLUMN version bigint NOT NULL DEFAULT 1;
`;
