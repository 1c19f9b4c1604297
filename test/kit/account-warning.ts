/** What kubectl has written to stderr, but that a bundle names no ServiceAccount: most specs are about something else. */
export const withoutAccountWarning = (stderr: string): string =>
  stderr.replace(/^Warning: spec\.converge\.serviceAccountName: none is named: .*\n/gm, '');
