/** The host's end of a container's cable: `kt` and the id's first twelve digits, of the 15 bytes that a name may have. */
export const linkName = (id: string): string => `kt${id.slice(0, 12)}`;
