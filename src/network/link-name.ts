/** The host's end of a container's cable: `kt` and the id's first twelve digits, of the 15 bytes that a name may have. */
export const linkName = (id: string, index = 0): string =>
  `kt${id.slice(0, 12)}${index === 0 ? "" : index}`;

/** As many as the names' last byte can tell apart. */
export const MOST_CABLES = 10;
