-- Parks copies of messages that the target has settled. The caller has locked the cursor of the target.
--
-- p_replay: the replay that sends the copies; null: the retry of one delivery. p_dues: the steady time at which each
-- copy is due. p_letters: the dead letter that each copy redrives; null: none.
CREATE FUNCTION ringback.park_copies(
  p_replay bigint, p_target bigint, p_topic bigint, p_apart boolean, p_wall bigint, p_seqs bigint[], p_dues bigint[],
  p_letters bigint[]
) RETURNS void LANGUAGE plpgsql AS $function$
BEGIN
  INSERT INTO ringback.parked (subscription_id, seq, due_at, attempts, retries, dead_letter_id, replay_id, apart)
  SELECT p_target, g.seq, g.due_at, coalesce(
      (SELECT d.attempts FROM ringback.dead_letter d WHERE d.id = g.letter),
      (SELECT max(a.attempt) FROM ringback.attempt a
        WHERE a.topic_id = p_topic AND a.seq = g.seq AND a.subscription_id + 0 = p_target), 0),
    0, g.letter, p_replay, p_apart
  FROM unnest(p_seqs, p_dues, p_letters) AS g (seq, due_at, letter);
  UPDATE ringback.dead_letter d SET redriven_at = p_wall WHERE d.id = ANY (p_letters);
END $function$;
