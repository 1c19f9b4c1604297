/** not-checked: whether something is wrong is unknown, or a consequence of what failed. */
export type Verdict = 'ok' | 'warning' | 'failed' | 'not-checked';

/** What was found out about one question. */
export interface Judgement {
  readonly verdict: Verdict;
  /** A sentence for people; nothing of a Secret is in it. */
  readonly found: string;
  /** To be pasted, in this order; words in capitals are to be replaced. */
  readonly commands: readonly string[];
  /** Of `found`: words that another check may have, too. They are said once. */
  readonly quoted?: string;
  /** Which of several things it is about, `ConfigMap app-config`; left out if there is only one. */
  readonly subject?: string;
}

/** A check that was made. */
export interface Check extends Omit<Judgement, 'subject' | 'quoted'> {
  /** Stable; `values[1]` for the second of several. */
  readonly id: string;
  readonly title: string;
  /** Where it is explained: `docs/troubleshooting.md#serviceaccount-not-found`. */
  readonly section: string;
}

/** A row of a table of checks. @typeParam O - what is known */
export interface CheckRow<O> {
  readonly id: string;
  readonly title: string;
  readonly section: string;
  /** Ids of checks whose failure explains what this one finds; `*`: all others. */
  readonly causes?: readonly string[] | '*';
  /** Pure. @returns nothing if the question does not arise */
  readonly judge: (known: O) => Judgement | readonly Judgement[];
}

export const ok = (found: string, commands: readonly string[] = []): Judgement => ({ verdict: 'ok', found, commands });
export const warning = (found: string, commands: readonly string[] = []): Judgement => ({
  verdict: 'warning',
  found,
  commands,
});
export const failed = (found: string, commands: readonly string[] = []): Judgement => ({
  verdict: 'failed',
  found,
  commands,
});
/** @param why - no right, or what else keeps the answer back */
export const notChecked = (why: string): Judgement => ({ verdict: 'not-checked', found: why, commands: [] });

/** The same, and which of its words another check may have, too. */
export const quoting = (quoted: string, judgement: Judgement): Judgement => ({ ...judgement, quoted });
