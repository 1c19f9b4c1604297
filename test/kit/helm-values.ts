import { goProgram } from './go-program.js';

/** What `helm -f FILE … --set … --set-string …` would be given; files are texts. */
export interface HelmQuestion {
  readonly files: readonly string[];
  readonly sets?: readonly string[];
  readonly setStrings?: readonly string[];
}

export interface HelmAnswer {
  readonly values: Readonly<Record<string, unknown>> | null;
  readonly error?: string;
}

/** Helm's own merging of values, or why it is not there. */
type Helm =
  | { readonly kind: 'built'; readonly ask: (questions: readonly HelmQuestion[]) => Promise<readonly HelmAnswer[]> }
  | { readonly kind: 'missing'; readonly why: string };

/** Builds it into the project's cache, once for each state of its sources: that takes seconds. */
export const helm = async (): Promise<Helm> => {
  const program = await goProgram('helm-values');
  return program.kind === 'built' ? { kind: 'built', ask: (questions) => program.ask(questions) } : program;
};
