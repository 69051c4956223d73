/** As `isInternalName`, in SQL: what the server has for itself is found by its name, and listed and counted nowhere. */
export const isCallersName = "position(':' in name) = 0";
