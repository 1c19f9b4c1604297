/** What the names of the operator's own objects begin with. */
export const OPERATORS_PREFIX = 'werfbundle-';
