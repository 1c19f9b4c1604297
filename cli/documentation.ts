/** Where the project is at home. */
export const HOME = 'https://github.com/werf/werfbundle';

/** The address of a document. @param path - below the project's folder: `docs/operations.md#drift` */
export const documentUrl = (path: string): string => `${HOME}/blob/main/${path}`;
