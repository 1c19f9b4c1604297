/**
 * What tsyringe, which @peculiar/x509 stands on, looks for before it loads: it reads metadata of constructor parameters and
 * refuses to start without a polyfill. The classes of x509 have no such metadata, so "none" is the whole truth here.
 * To be imported before @peculiar/x509.
 */
const none = () => undefined;
if (!('getMetadata' in Reflect)) Object.assign(Reflect, { getMetadata: none, getOwnMetadata: none });
