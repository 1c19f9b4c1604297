import type { Got } from './connection.js';
import { post } from './connection.js';
import { DEPLOYED_DIGEST } from './large-chart.js';
import { review, valuesReview } from './review.js';

/** What is compared, in the order of the table. */
export const CONTENDERS = ['bare', 'express', 'validate', 'mutate', 'five-gets', 'grants', 'values', 'chart'] as const;
export type ContenderName = (typeof CONTENDERS)[number];

/** The servers: each a process of its own. */
export type ServerName =
  | 'bare-echo'
  | 'express-echo'
  | 'webhook-alone'
  | 'webhook-five-gets'
  | 'webhook-grants'
  | 'webhook-charts';

interface Contender {
  /** For people. */
  readonly title: string;
  readonly server: ServerName;
  readonly request: Buffer;
  readonly isRight: (got: Got) => boolean;
  /** Must be refused: shows that what is to cost something is done. */
  readonly refused?: Buffer;
  /** Calls to the apiserver that a request must cost: anything else would be a comparison of something else. */
  readonly calls: { readonly lookups: number; readonly reviews: number };
}

const stored = review({ references: 'five', defaulted: true });
const written = review({ references: 'five', defaulted: false });

const isEcho = ({ status, body }: Got): boolean => status === 200 && body.length === stored.length;
/** Whether the bundle was admitted. */
export const isAllowed = ({ status, body }: Got): boolean => status === 200 && body.includes('"allowed":true');
const isPatched = (got: Got): boolean => isAllowed(got) && got.body.includes('"patchType":"JSONPatch"');

const NONE = { lookups: 0, reviews: 0 };
const validate = post('/validate?timeout=10s', stored);

/** All of them are sent the same bytes, but for /mutate, to which objects come without their defaults. */
export const contenders: Readonly<Record<ContenderName, Contender>> = {
  bare: { title: 'node:https echo', server: 'bare-echo', request: validate, isRight: isEcho, calls: NONE },
  express: { title: 'express echo', server: 'express-echo', request: validate, isRight: isEcho, calls: NONE },
  validate: {
    title: 'validate, no look-ups',
    server: 'webhook-alone',
    request: validate,
    isRight: isAllowed,
    calls: NONE,
  },
  mutate: {
    title: 'mutate',
    server: 'webhook-alone',
    request: post('/mutate?timeout=10s', written),
    isRight: isPatched,
    calls: NONE,
  },
  'five-gets': {
    title: 'validate, five GETs',
    server: 'webhook-five-gets',
    request: validate,
    isRight: isAllowed,
    calls: { lookups: 5, reviews: 0 },
  },
  grants: {
    title: 'validate, five GETs, grants',
    server: 'webhook-grants',
    request: validate,
    isRight: isAllowed,
    // create jobs.batch in the target namespace; create pods in both namespaces, where sources of values are looked for.
    calls: { lookups: 5, reviews: 3 },
  },
  values: {
    title: 'changed values',
    server: 'webhook-charts',
    request: post('/validate?timeout=10s', valuesReview({ digest: undefined, replicas: 4 })),
    isRight: isAllowed,
    calls: { lookups: 3, reviews: 0 },
  },
  chart: {
    title: 'and a chart of 200 KB',
    server: 'webhook-charts',
    request: post('/validate?timeout=10s', valuesReview({ digest: DEPLOYED_DIGEST, replicas: 4 })),
    isRight: isAllowed,
    refused: post('/validate?timeout=10s', valuesReview({ digest: DEPLOYED_DIGEST, replicas: 0 })),
    // The chart is read once, and counted by itself.
    calls: { lookups: 3, reviews: 0 },
  },
};

/** Flags of the webhook by what it is measured for; everything else is as it is shipped. */
export const WEBHOOK_FLAGS = {
  'webhook-alone': ['--no-check-references', '--authorize=off', '--cross-namespace=always'],
  'webhook-five-gets': ['--authorize=off'],
  'webhook-grants': [],
  'webhook-charts': ['--authorize=off'],
} as const satisfies Partial<Record<ServerName, readonly string[]>>;
