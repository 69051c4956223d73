/** True in SQL for names that lists, statistics and limits count: the opposite of `isInternalName`. */
export const isListedSql = "position(':' in name) = 0";
