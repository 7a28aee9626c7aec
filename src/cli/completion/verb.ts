/** The hidden verb that the shells' scripts ask: `kontener __complete WORDS…`, the last one as far as it is typed. */
export const COMPLETE_VERB = "__complete";
