/**
 * Stands in for the polyfill that tsyringe, a dependency of @peculiar/x509, demands when it is loaded, to read metadata of constructor
 * parameters. The classes of x509 have no such metadata, so the answer is always "none". Must be imported before @peculiar/x509.
 */
const none = () => undefined;
if (!('getMetadata' in Reflect)) Object.assign(Reflect, { getMetadata: none, getOwnMetadata: none });
