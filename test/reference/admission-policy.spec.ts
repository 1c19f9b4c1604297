import { readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { parse } from 'yaml';
import { valueAt } from '../../api/json-map.js';
import type { Rule } from '../../api/rules/rule.js';
import { RULES } from '../../api/rules.js';
import { generatedManifests } from '../../reference/pages.js';

const ROOT = join(import.meta.dirname, '..', '..');
const FILE = 'manifests/admission-policy/policy.yaml';
const rules = Object.entries(RULES) as readonly [string, Rule][];
const { spec } = parse(generatedManifests()[FILE] ?? '') as { readonly spec: Readonly<Record<string, unknown>> };
const validations = spec['validations'] as readonly Readonly<Record<string, string>>[];
const variables = spec['variables'] as readonly { readonly name: string; readonly expression: string }[];

t.test('the policy in manifests/ is the one that the rules make now', (t) => {
  t.strictSame({ [FILE]: readFileSync(join(ROOT, FILE), 'utf8') }, generatedManifests());
  t.end();
});

t.test('each rule is either refused somewhere or has a reason why not', (t) => {
  for (const [name, { severity, cel }] of rules) {
    if (severity === 'warning') t.equal(cel.kind, 'not-refused', `${name} is a warning`);
    if (cel.kind === 'policy') t.ok(cel.validations.length > 0, `${name} has a condition`);
    if (cel.kind === 'not-expressible' || cel.kind === 'not-refused') t.ok(cel.why.length > 10, `${name}: ${cel.why}`);
  }
  const held = rules.flatMap(([name, { cel }]) => (cel.kind === 'policy' ? [name] : []));
  t.strictSame(held, [
    'malformed-repository',
    'malformed-constraint',
    'malformed-pattern',
    'service-account-required',
    'release-moved',
    'rollback-tag',
    'operators-own-object',
  ]);
  t.end();
});

t.test(
  'whatever a condition finds, its message begins with a field of the spec, or an annotation that does what one does',
  (t) => {
    for (const { message, messageExpression } of validations) {
      t.match(
        message,
        /^(spec(\.[A-Za-z]+)+|metadata\.annotations\[werf\.io\/[a-z-]+\]): (Invalid value|Required value|Forbidden)/,
      );
      if (messageExpression !== undefined) t.match(messageExpression, /^'(spec(\.[A-Za-z]+)+|metadata\.annotations\[)/);
      t.notMatch(message, '\n');
    }
    t.end();
  },
);

t.test('a variable is used, and names only those before it', (t) => {
  const users = JSON.stringify([variables, validations]);
  for (const [index, { name, expression }] of variables.entries()) {
    t.ok(users.includes(`variables.${name}`), name);
    const named = [...expression.matchAll(/variables\.(\w+)/g)].map(([, other]) => other);
    const before = variables.slice(0, index).map((variable) => variable.name);
    t.strictSame(
      named.filter((other) => !before.includes(other ?? '')),
      [],
    );
  }
  t.end();
});

t.test('what leaves the spec alone is not judged, as the webhook does not', (t) => {
  const configurations = readFileSync(join(ROOT, 'manifests/webhook/configurations.yaml'), 'utf8');
  const [{ expression = '' } = {}] = spec['matchConditions'] as readonly { readonly expression?: string }[];
  t.ok(configurations.includes(expression), 'the condition is a part of the webhook\u2019s');
  t.strictSame(valueAt(spec, 'failurePolicy'), 'Fail');
  t.end();
});

t.test('an IPv6 address is one to the policy if it is one to the rules', (t) => {
  const text = validations
    .map(({ expression = '' }) => /matches\('\^\\\\\[\((.+)\)\\\\\]/.exec(expression)?.[1])
    .find(Boolean);
  const pattern = new RegExp(`^(${text})$`);
  const group = fc.constantFrom('0', '1', 'ab', 'FFFF', '12345', '');
  const colons = fc.constantFrom(':', ':', ':', '::');
  const address = fc
    .array(fc.tuple(group, colons), { minLength: 1, maxLength: 9 })
    .map((pairs) => pairs.flat().join(''))
    .chain((whole) => fc.constantFrom(whole, whole.replace(/:+$/, ''), `:${whole}`));
  let good = 0;
  fc.assert(
    fc.property(address, (candidate) => {
      good += isIPv6(candidate) ? 1 : 0;
      return pattern.test(candidate) === isIPv6(candidate);
    }),
    { seed: 20261130, numRuns: 20_000 },
  );
  t.ok(good > 500, 'there are enough that are one', { good });
  t.end();
});
