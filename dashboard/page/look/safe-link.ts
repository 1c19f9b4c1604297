/** A link that may be followed; undefined: it is not one of http or https. */
export const safeLink = (address: string): string | undefined => {
  try {
    const { protocol, href } = new URL(address);
    return protocol === 'https:' || protocol === 'http:' ? href : undefined;
  } catch {
    return undefined;
  }
};
