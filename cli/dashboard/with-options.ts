/**
 * A text in which each command of kubectl and werfbundle reaches the same cluster: a command, or a sentence that has one at its end.
 * @param options - ` --context staging`
 */
export const withOptions = (text: string, options: string): string =>
  text.replace(/(?<=^|[|;&(:]\s*)(kubectl|werfbundle)(?= )/g, `$1${options.replaceAll('$', '$$$$')}`);
