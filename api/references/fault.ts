import type { Problem, Warning } from '../problem.js';
import type { RuleName } from '../rules.js';
import { forbidden, invalid, notFound } from '../validate/wording.js';
import type { Reference } from './references.js';

/** What is wrong with something that a bundle refers to. Nothing of a Secret's contents is in it. */
export interface ReferenceFault<Use extends string = Reference['use']> {
  /**
   * absent: it does not exist; lacks-key: it exists without the key that is needed, which may come later; unusable: it exists, and can't
   * be used; forbidden: this bundle may not use it.
   */
  readonly kind: 'absent' | 'lacks-key' | 'unusable' | 'forbidden';
  readonly rule: RuleName;
  readonly use: Use;
  /** Path in the spec. */
  readonly field: string;
  /** The value of that field. */
  readonly name: string;
  /** The fault as a sentence of its own, without the field: `Secret ca in namespace ops has no key ca.crt`. */
  readonly text: string;
}

/** The result of a check: the value that was read from the object, or what is wrong with it. */
export type Checked<T> =
  | { readonly kind: 'usable'; readonly value: T; readonly warnings: readonly Warning[] }
  | ReferenceFault;

/** Something can be used. @param warnings - what a user should know all the same */
export const usable = <T>(value: T, warnings: readonly Warning[] = []): Checked<T> => ({
  kind: 'usable',
  value,
  warnings,
});

/** @param text - what is wrong, as a whole sentence */
export const faultOf = <Use extends string>(
  { use, field, name }: Pick<ReferenceFault<Use>, 'use' | 'field' | 'name'>,
  { kind, rule }: Pick<ReferenceFault, 'kind' | 'rule'>,
  text: string,
): ReferenceFault<Use> => ({ kind, rule, use, field, name, text });

/** `Secret ca in namespace ops`, for a reference that is looked up in one namespace only. */
export const nameIn = ({ kind, name, namespaces: [namespace] }: Reference): string =>
  `${kind} ${name} in namespace ${namespace}`;

/** What is not there: the object itself, or the key of it. */
export const ABSENT = { kind: 'absent', rule: 'reference-absent' } as const;
export const LACKS_KEY = { kind: 'lacks-key', rule: 'reference-key-absent' } as const;

/** The fault of a reference that is looked up in one namespace, where the object does not exist. */
export const absent = (reference: Reference): ReferenceFault => {
  const { kind, name, namespaces } = reference;
  return faultOf(reference, ABSENT, `${kind} ${name} does not exist in namespace ${namespaces[0]}`);
};

/** A fault in the apiserver's form. */
export const problemOf = ({ kind, rule, field, name, text }: ReferenceFault<string>): Problem => {
  switch (kind) {
    case 'absent':
      return notFound(field, text);
    case 'lacks-key':
    case 'unusable':
      return invalid(rule, field, name, text);
    case 'forbidden':
      return forbidden(rule, field, text);
  }
};
