import type { ErrorObject } from 'ajv';
import validateSpec from '../generated/validate-spec.js';
import type { Problem } from '../problem.js';
import { FORMATS, genericPath, MISSING } from './field-words.js';
import { invalid, quoteAdvice, required, tooLong, tooMany, unquoteAdvice, unsupported, wrongType } from './wording.js';

/**
 * What the CRD's schema (its CEL rules aside) has against a spec: at most one problem for each field, in the schema's order.
 * @param spec - without the nulls that the apiserver takes away
 */
export const schemaProblems = (spec: unknown): readonly Problem[] => {
  if (spec === undefined) return [required('missing-field', 'spec', MISSING[''] ?? '')];
  if (validateSpec(spec)) return [];
  const worst = new Map<string, ErrorObject>();
  for (const error of validateSpec.errors ?? []) {
    // The branches of an anyOf say only that the value is not of this branch's type.
    if (error.keyword === 'type' && error.schemaPath.includes('/anyOf/')) continue;
    const field = fieldOf(error);
    const known = worst.get(field);
    if (known === undefined || severity(error) < severity(known)) worst.set(field, error);
  }
  return [...worst].map(([field, error]) => problemOf(field, error));
};

/** Of several errors of one field, the first of these explains the others. */
const BY_SEVERITY = ['type', 'maxLength', 'anyOf', 'enum', 'minLength', 'pattern'];
const severity = ({ keyword }: ErrorObject): number => BY_SEVERITY.indexOf(keyword);

const fieldOf = ({ instancePath, keyword, params }: ErrorObject): string => {
  const steps = instancePath.split('/').slice(1);
  if (keyword === 'required') steps.push(String(params['missingProperty']));
  // Every field that the schema knows is a plain word, so digits are an index.
  return steps.reduce((path, step) => (/^\d+$/.test(step) ? `${path}[${step}]` : `${path}.${step}`), 'spec');
};

const WANTED: Readonly<Record<string, string>> = {
  string: 'a string',
  integer: 'a whole number',
  boolean: 'true or false',
  object: 'a map',
  array: 'a list',
};

const problemOf = (field: string, { keyword, data, params }: ErrorObject): Problem => {
  const words = FORMATS[genericPath(field)];
  const limit = Number(params['limit']);
  switch (keyword) {
    case 'required':
      return required('missing-field', field, MISSING[genericPath(field)] ?? '');
    case 'type':
      return ofWrongType(field, data, String(params['type']));
    case 'anyOf':
      return wrongType(field, data, 'a quantity (a whole number or a string)');
    case 'enum':
      return unsupported(field, data, params['allowedValues']);
    case 'maxLength':
      return tooLong(field, limit);
    case 'minLength':
      return invalid('malformed-text', field, data, words ?? 'must not be empty; leave the field out instead');
    case 'maxItems':
      return tooMany(field, Array.isArray(data) ? data.length : 0, limit);
    case 'minimum':
      return invalid('out-of-range', field, data, `must be greater than or equal to ${limit}`);
    case 'maximum':
      return invalid('out-of-range', field, data, `must be less than or equal to ${limit}`);
    default:
      return invalid('malformed-text', field, data, words ?? 'does not have the form that is needed');
  }
};

/** Fields of text for which quotes would not mend a number. */
const NEVER_A_NUMBER: ReadonlySet<string> = new Set(['registry.url', 'registry.tagOrder', 'deletionPolicy']);

const ofWrongType = (field: string, data: unknown, type: string): Problem => {
  const wanted = WANTED[type] ?? type;
  if (type !== 'string') return wrongType(field, data, wanted, unquoteAdvice(data, type));
  return wrongType(field, data, wanted, NEVER_A_NUMBER.has(genericPath(field)) ? '' : quoteAdvice(data));
};
