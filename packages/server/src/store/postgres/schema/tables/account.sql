-- A tenant. Rows of topic, subscription, dead_letter and entry contain the id of their account. A message, an attempt,
-- a parked delivery or a cursor belongs to its topic or subscription. Every query of these rows goes through that topic
-- or subscription.
CREATE TABLE ringback.account (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE,
  app_id bigint NOT NULL,
  created_at bigint NOT NULL
);
