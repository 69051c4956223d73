-- alive: the nodes whose heartbeats have not stopped; null when this node cannot judge that. Only a node
-- whose own heartbeats have been written without a gap may say that another node has gone: after an outage of the
-- database, no node may.
-- has_others: another node is alive.
CREATE TYPE ringback.known_nodes AS (alive bigint[], has_others boolean);

CREATE FUNCTION ringback.known_nodes(p_node bigint, p_now bigint, p_steady_ms bigint) RETURNS ringback.known_nodes
LANGUAGE plpgsql AS $function$
DECLARE
  v_alive bigint[];
  v_is_steady boolean;
  v_has_others boolean;
BEGIN
  SELECT array_agg(n.id), bool_or(n.id = p_node AND n.beating_since <= p_now - p_steady_ms), bool_or(n.id <> p_node)
    INTO v_alive, v_is_steady, v_has_others FROM ringback.node n WHERE n.alive_until > p_now;
  RETURN ROW(CASE WHEN v_is_steady THEN v_alive END, coalesce(v_has_others, false))::ringback.known_nodes;
END $function$;
