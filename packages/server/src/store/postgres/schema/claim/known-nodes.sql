-- alive: the nodes whose heartbeats have not stopped; null when this node cannot judge that. A node can judge it only
-- if its own heartbeats have been written without a gap. After an outage of the database, no node can.
-- has_others: another node is alive.
CREATE FUNCTION ringback.known_nodes(
  p_node bigint, p_now bigint, p_steady_ms bigint, OUT alive bigint[], OUT has_others boolean
) LANGUAGE plpgsql AS $function$
BEGIN
  SELECT CASE WHEN bool_or(n.id = p_node AND n.beating_since <= p_now - p_steady_ms) THEN array_agg(n.id) END,
    coalesce(bool_or(n.id <> p_node), false)
    INTO alive, has_others FROM ringback.node n WHERE n.alive_until > p_now;
END $function$;
