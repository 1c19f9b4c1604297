/**
 * A process that cannot start for a reason that its user can mend: a wrong flag, an unreadable kubeconfig, a port in use.
 * Each line says what is wrong, where, and what to do; printed without a stack, exit code 2.
 */
export class StartError extends Error {
  override readonly name: string = 'StartError';
  readonly lines: readonly string[];

  constructor(lines: readonly string[], options?: { readonly cause?: unknown }) {
    super(lines.join('\n'), options);
    this.lines = lines;
  }
}
