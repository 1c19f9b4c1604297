import type { AddOperation } from '../api/defaults.js';
import type { Problem, Warning } from '../api/problem.js';
import { GROUP, KIND } from '../api/werfbundle.js';
import { REVIEW_KIND, REVIEW_VERSION } from './decode.js';
import type { Verdict } from './verdict.js';

/** An HTTP response. */
export interface Answer {
  readonly status: number;
  readonly contentType: 'application/json' | 'text/plain; charset=utf-8';
  readonly body: string;
}

/** An answer that is no AdmissionReview: the apiserver reports the text, and the failurePolicy decides. */
export const plainAnswer = (status: number, text: string): Answer => ({
  status,
  contentType: 'text/plain; charset=utf-8',
  body: `${text}\n`,
});

/** What an answer is about: the uid to echo, if there is one, and the object for the message; a WerfBundle if no kind is named. */
export interface About {
  readonly uid?: string;
  readonly name?: string;
  readonly kind?: { readonly group: string; readonly kind: string };
}

/** The AdmissionReview for a verdict. */
export const encode = (verdict: Verdict, about: About): Answer => {
  const uid = about.uid ?? '';
  switch (verdict.kind) {
    case 'allow': {
      const audit = verdict.audit && { auditAnnotations: verdict.audit };
      return review(200, { uid, allowed: true, ...patchOf(verdict.patch), ...warningsOf(verdict.warnings), ...audit });
    }
    case 'deny': {
      const status = invalid(about, verdict.problems);
      return review(200, { uid, allowed: false, status, ...warningsOf(verdict.warnings) });
    }
    case 'foreign':
      return review(200, { uid, allowed: false, status: failure(400, 'BadRequest', verdict.message) });
    case 'malformed':
      return review(400, { uid, allowed: false, status: failure(400, 'BadRequest', verdict.message) });
    case 'late':
      return plainAnswer(504, 'the bundle could not be judged in time; try again');
  }
};

const review = (status: number, response: object): Answer => ({
  status,
  contentType: 'application/json',
  body: JSON.stringify({ apiVersion: REVIEW_VERSION, kind: REVIEW_KIND, response }),
});

const failure = (code: number, reason: string, message: string) => ({
  metadata: {},
  status: 'Failure',
  message,
  reason,
  code,
});

/**
 * As apierrors.NewInvalid has it: Flux and Argo CD show the message only, kubectl the causes only.
 * @see https://pkg.go.dev/k8s.io/apimachinery/pkg/api/errors#NewInvalid
 */
const invalid = ({ name = '', kind = { group: GROUP, kind: KIND } }: About, problems: readonly Problem[]) => {
  // Duplicate texts are left out, as by ErrorList.ToAggregate.
  const texts = [...new Set(problems.map(({ field, message }) => `${field}: ${message}`))];
  const list = texts.length === 1 ? texts.join() : `[${texts.join(', ')}]`;
  const causes = problems.map(({ code, field, message }) => ({ reason: code, message, field }));
  // As schema.GroupKind prints itself: the core group has no name.
  const qualified = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;
  return {
    ...failure(422, 'Invalid', `${qualified} ${JSON.stringify(name)} is invalid: ${list}`),
    details: { name, ...kind, causes },
  };
};

const patchOf = (patch: readonly AddOperation[]) =>
  patch.length === 0
    ? {}
    : { patch: Buffer.from(JSON.stringify(patch)).toString('base64'), patchType: 'JSONPatch' as const };

/** The apiserver cuts each warning to this many runes once all of them together are too long. */
const WARNING_RUNES = 256;
/** The limit for all warnings of a request together, in runes; the apiserver drops those beyond it. */
const ALL_WARNINGS_RUNES = 4096;

/**
 * Warnings as texts that the apiserver passes on whole: each cut to 256 runes, the first ones up to 4096 in all, no control
 * characters (they travel in an HTTP header, and one of them would drop the warning).
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/endpoints/filters/warning.go
 */
const warningsOf = (warnings: readonly Warning[]) => {
  const texts = [...new Set(warnings.map(({ field, message }) => cut(`${field}: ${message}`)))];
  let room = ALL_WARNINGS_RUNES;
  const kept = texts.filter((text) => {
    room -= [...text].length;
    return room >= 0;
  });
  return kept.length === 0 ? {} : { warnings: kept };
};

const cut = (text: string): string => {
  const runes = [...text.replace(/\p{Cc}+/gu, ' ')];
  return runes.length <= WARNING_RUNES ? runes.join('') : `${runes.slice(0, WARNING_RUNES - 1).join('')}…`;
};
