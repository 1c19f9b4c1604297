import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { valueAt } from '../../api/json-map.js';
import type { Problem } from '../../api/problem.js';
import { operatorsOwnFault } from '../../api/references/operators-own.js';
import { referencesOf } from '../../api/references/references.js';
import type { RuleName } from '../../api/rules.js';
import { parseTagPattern } from '../../api/tag-pattern.js';
import { validateBundle } from '../../api/validate.js';
import { parseVersionConstraint } from '../../api/version-constraint.js';
import type { WerfBundle } from '../../api/werfbundle.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import { arbitrarySpec } from '../kit/arbitrary-spec.js';
import { BundleScenario, PATIENCE_MS, TIME_SCALE } from '../kit/bundle-scenario.js';
import { startDeployFixture } from '../kit/deploy-fixture.js';
import { eventually } from '../kit/eventually.js';
import { recordWatch } from '../kit/record-watch.js';
import { refusalsOf } from '../kit/refusals.js';
import { SPEC_VERDICTS } from '../kit/spec-verdicts.js';

const ROOT = join(import.meta.dirname, '..', '..');
const read = (file: string): string => readFileSync(join(ROOT, 'manifests', file), 'utf8');
const SYSTEM = 'k8s-werf-operator-go-system';
const DENIED = "ValidatingAdmissionPolicy 'werfbundle-rules' with binding 'werfbundle-rules' denied request: ";

const registry = { url: 'ghcr.io/acme/app' };
const withRegistry = (fields: object) => ({ registry: { ...registry, ...fields } });
const withConverge = (fields: object) => ({ registry, converge: fields });

const bundle = (name: string, spec: unknown, namespace = 'ops') => ({
  apiVersion: 'werf.io/v1alpha1',
  kind: 'WerfBundle',
  metadata: { name, namespace },
  ...(spec !== undefined && { spec }),
});

/** As the webhook would judge it, with whatever spec. */
const judged = (object: object, old?: object): readonly Problem[] =>
  validateBundle(object as WerfBundle, old as WerfBundle | undefined).problems;

/** Beyond the rows for all rules: what the schema lets pass. */
const BEYOND_THE_SCHEMA: readonly unknown[] = [
  ...[
    'ghcr.io:0/a',
    'ghcr.io:00000/a',
    'ghcr.io:65536/a',
    'oci://ghcr.io:99999/a',
    'ghcr.io:65535/a',
    'ghcr.io:00080/a',
  ],
  ...[
    '[1::2::3]:5000/a',
    '[::]/a',
    '[1:2:3:4:5:6:7:8]/a',
    '[1:2:3:4:5:6:7::]:5/a',
    '[1:2:3:4::5:6:7:8]/a',
    '[::ffff:1:2]/a',
  ],
  ...['[12345::]/a', '[:]/a', '[::1]:70000/a', '[1:2:3:4:5:6:7:8:9]/a', `${'a'.repeat(110)}.example:99999/a`],
].map((url) => withRegistry({ url }));
const MORE: readonly unknown[] = [
  ...BEYOND_THE_SCHEMA,
  ...[
    '>=1.0<2.0',
    '1.2.3.4',
    'a\nb',
    `^${'9'.repeat(120)}x`,
    '1 || ',
    '\u00a0',
    '1\u00a0,\u3000<2',
    '1 - 2',
    '^1,',
  ].map((text) => withRegistry({ versionConstraint: text })),
  ...['a**', '[z-a]', '(?P<n>a)', '\\1', 'a{1001}', '(', '\\pL', '(?i)v'].map((text) =>
    withRegistry({ tagPattern: text }),
  ),
];

/** Rules whose problems the policy tells of in other words. */
const WORDED_APART: ReadonlySet<RuleName> = new Set(['malformed-constraint', 'malformed-pattern']);

/** What constraints are made of, and some of what they are not. */
const PIECES = ['1', '1.2', '01.2.3', 'v1', 'x', '*', '1.X', '1.2.3-rc.1', '1.2-0', '1.2.3+b.1', 'a', '1.2.3.4'];
const BETWEEN = [
  '>=',
  '<',
  '^',
  '~',
  '=>',
  '!=',
  '~>',
  '==',
  ' ',
  '  ',
  ',',
  ', ',
  '||',
  ' || ',
  '-',
  ' - ',
  '\u00a0',
  '\t',
  '\u2028',
  '',
];
const arbitraryConstraint = fc
  .array(fc.tuple(fc.constantFrom(...BETWEEN), fc.constantFrom(...PIECES)), { minLength: 1, maxLength: 4 })
  .map((pairs) => pairs.flat().join(''))
  // What the policy is said not to hold.
  .filter((text) => !/-0\d/.test(text));

/** What patterns are made of, whole and broken. */
const PATTERN_PIECES = [
  ...[
    'a',
    '.',
    '^',
    '$',
    '|',
    '*',
    '+',
    '?',
    '(',
    ')',
    '(?:',
    '(?i)',
    '(?P<n>',
    '(?<m>',
    '(?=',
    '(?z)',
    '[',
    ']',
    '[^',
    '-',
    'z-a',
  ],
  ...[
    '{2}',
    '{2,',
    '{3,2}',
    '{1001}',
    '[[:alpha:]]',
    '[[:none:]]',
    '\\d',
    '\\1',
    '\\8',
    '\\C',
    '\\z',
    '\\Z',
    '\\Q',
    '\\E',
    '\\',
  ],
  ...['\\pL', '\\p{Greek}', '\\p{None}', '\\x{10FFFF}', '\\x{110000}', '\\x1', '\\07', '\\_', 'é', '\n'],
];
const arbitraryPattern = fc
  .array(fc.constantFrom(...PATTERN_PIECES), { minLength: 1, maxLength: 5 })
  .map((pieces) => pieces.join(''));

const patchOf = (name: string) => ['patch', 'wb', name, '-n', 'ops', '--type=merge'];

t.test('the admission policy on a real apiserver, without the webhook', async (t) => {
  const fixture = await startDeployFixture(t);
  const { kubectl } = fixture.cluster;
  const must = async (args: readonly string[], input?: string): Promise<string> => {
    const { code, stdout, stderr } = await kubectl(args, input);
    if (code !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  await must(['create', 'namespace', 'ops']);
  const create = async (object: object): Promise<WerfBundle> =>
    JSON.parse(await must(['create', '-o', 'json', '-f', '-'], JSON.stringify(object)));
  const old = { ...bundle('stored-before', withConverge({ targetNamespace: 'prod' })) };
  await create({ ...old, metadata: { ...old.metadata, finalizers: ['werf.io/test'] } });

  for (const file of ['policy.yaml', 'binding.yaml']) {
    const { code, stderr } = await kubectl(['apply', '-f', '-'], read(`admission-policy/${file}`));
    t.strictSame({ code, stderr }, { code: 0, stderr: '' }, `${file} is taken without a warning`);
  }
  const ask = (objects: readonly ReturnType<typeof bundle>[]) => refusalsOf(kubectl, objects);
  const probe = () => ask([bundle('probe', withConverge({ targetNamespace: 'prod' }))]);
  t.match(await eventually(probe, ([answer]) => answer !== undefined), [DENIED], 'it is in force');

  await t.test('its expressions fit the schema', async (t) => {
    const look = async () =>
      JSON.parse(await must(['get', 'validatingadmissionpolicy', 'werfbundle-rules', '-o', 'json'])).status;
    const isChecked = (status: unknown) => valueAt(status, 'typeChecking') !== undefined;
    t.strictSame(await eventually(look, isChecked), { observedGeneration: 1, typeChecking: {} });
  });

  /** What of a verdict is to be in the policy's answer: its first problem, in the webhook's words where they are the same. */
  const toldOf = ([first]: readonly Problem[]): string =>
    first === undefined ? '' : WORDED_APART.has(first.rule) ? first.field : `${DENIED}${first.field}: ${first.message}`;

  await t.test(
    'what the rules say of a spec, schema and policy say without the webhook, and nothing else',
    async (t) => {
      const specs = [...SPEC_VERDICTS.map(({ spec }) => spec), ...MORE];
      const objects = specs.map((spec, index) => bundle(`row-${index}`, spec));
      const answers = await ask(objects);
      let byPolicy = 0;
      for (const [index, object] of objects.entries()) {
        const answer = answers[index];
        const title = JSON.stringify(specs[index])?.slice(0, 100) ?? 'no spec';
        const problems = judged(object);
        t.equal(answer === undefined, problems.length === 0, title, { answer, problems });
        if (answer === undefined) continue;
        if (answer.includes(DENIED)) {
          byPolicy += 1;
          t.ok(answer.includes(toldOf(problems)), `${title}: in the same words`, { answer, problems });
        } else
          t.ok(
            problems.some(({ field }) => answer.includes(`${field}: `)),
            `${title}: the field is named`,
            { answer },
          );
      }
      t.ok(byPolicy > 20, 'there are enough that only the policy refuses', { byPolicy });
    },
  );

  await t.test('so it is of any spec', async (t) => {
    const objects = fc
      .sample(arbitrarySpec, { seed: 20261130, numRuns: 400 })
      .map((spec, at) => bundle(`any-${at}`, spec));
    const answers = await ask(objects);
    const apart = objects.filter((object, index) => (answers[index] === undefined) !== (judged(object).length === 0));
    t.strictSame(apart, []);
  });

  await t.test('a version constraint is read as the rules read it, whatever it is made of', async (t) => {
    const texts = fc.sample(arbitraryConstraint, { seed: 20261130, numRuns: 500 });
    const answers = await ask(
      texts.map((text, at) => bundle(`range-${at}`, withRegistry({ versionConstraint: text }))),
    );
    const isRefused = (text: string): boolean => parseVersionConstraint(text).kind === 'invalid';
    t.strictSame(
      texts.filter((text, index) => isRefused(text) !== (answers[index] !== undefined)),
      [],
    );
    const refused = texts.filter(isRefused).length;
    t.ok(refused > 100 && refused < 400, 'there are enough of both kinds', { refused });
  });

  await t.test('a pattern is one to an apiserver if it is one to the rules', async (t) => {
    const texts = fc.sample(arbitraryPattern, { seed: 20261130, numRuns: 500 });
    const answers = await ask(texts.map((text, at) => bundle(`pattern-${at}`, withRegistry({ tagPattern: text }))));
    const isRefused = (text: string): boolean => parseTagPattern(text).kind === 'invalid';
    t.strictSame(
      texts.filter((text, index) => isRefused(text) !== (answers[index] !== undefined)),
      [],
    );
    const refused = texts.filter(isRefused).length;
    t.ok(refused > 100 && refused < 450, 'there are enough of both kinds', { refused });
  });

  await t.test('what a person rolls back to is a tag, in the words of the rules', async (t) => {
    const objects = ['v1.0.0', '', 'v1.0.0\n', 'v/1', '-v1', `v${'1'.repeat(128)}`, 'é'].map((tag, at) => {
      const { metadata, ...rest } = bundle(`rolled-${at}`, { registry });
      return { ...rest, metadata: { ...metadata, annotations: { 'werf.io/rollback-to': tag } } };
    });
    for (const [index, answer] of (await ask(objects)).entries()) {
      const problems = judged(objects[index] ?? {});
      t.equal(answer !== undefined, index > 1, JSON.stringify(objects[index]?.metadata.annotations));
      if (answer !== undefined) t.ok(answer.includes(toldOf(problems)), 'in the same words', { answer, problems });
    }
  });

  await t.test('what the policy is said not to hold it does not hold', async (t) => {
    const objects = ['>99999999999999999999', '1.2.3-01'].map((text, at) =>
      bundle(`except-${at}`, withRegistry({ versionConstraint: text })),
    );
    t.strictSame(
      objects.flatMap((object) => judged(object).map(({ rule }) => rule)),
      Array(2).fill('malformed-constraint'),
    );
    t.strictSame(await ask(objects), [undefined, undefined]);
  });

  await t.test("no bundle uses what is the operator's own", async (t) => {
    const inSystem = (name: string, spec: object) => bundle(name, spec, SYSTEM);
    const source = (more: object) =>
      withConverge({
        targetNamespace: SYSTEM,
        serviceAccountName: 'a',
        valuesFrom: [{ secretRef: { name: 'b' } }, { secretRef: { name: 'werfbundle-a' }, ...more }],
      });
    const secret = { name: 'werfbundle-webhook-certificates' };
    const objects = [
      inSystem('own-registry', withRegistry({ secretRef: secret })),
      inSystem('own-ca', withRegistry({ caSecretRef: secret })),
      inSystem('own-key', withConverge({ werfSecretKeyRef: secret })),
      inSystem('own-account', withConverge({ serviceAccountName: 'werfbundle-controller' })),
      inSystem('own-values', withConverge({ valuesFrom: [{ secretRef: secret }] })),
      inSystem('own-config', withConverge({ valuesFrom: [{ configMapRef: secret }] })),
      inSystem(
        'own-target',
        withConverge({
          targetNamespace: 'ops',
          serviceAccountName: 'werfbundle-controller',
          valuesFrom: [{ secretRef: secret, from: 'Target' }],
        }),
      ),
      bundle(
        'other',
        withConverge({ serviceAccountName: 'werfbundle-controller', valuesFrom: [{ secretRef: secret }] }),
      ),
      bundle('other-account', withConverge({ targetNamespace: SYSTEM, serviceAccountName: 'werfbundle-controller' })),
      bundle('other-either', source({})),
      bundle('other-target', source({ from: 'Target' })),
      bundle('other-bundle', source({ from: 'Bundle' })),
    ];
    const operator = { namespace: SYSTEM, certificateSecret: secret.name };
    const wanted = objects.map((object) => {
      const references = referencesOf(object as WerfBundle, object.metadata.namespace);
      const [fault] = references.flatMap((reference) => operatorsOwnFault(reference, operator) ?? []);
      return fault && `${fault.field}: Forbidden: ${fault.text}`;
    });
    t.equal(wanted.filter((fault) => fault !== undefined).length, 8);
    const said = (await ask(objects)).map((answer) => answer?.split(DENIED)[1]?.trim());
    t.strictSame(said, wanted);
  });

  await t.test('the place of the release is fixed once something was deployed', async (t) => {
    const long = `${'a'.repeat(52)}.${'b'.repeat(40)}`;
    const account = { serviceAccountName: 'a' };
    const rows: readonly {
      readonly name: string;
      readonly spec: object;
      readonly deployed?: string;
      readonly change: object;
    }[] = [
      { name: 'moved-away', spec: {}, change: { targetNamespace: 'prod' } },
      { name: 'moved-home', spec: { targetNamespace: 'prod' }, change: { targetNamespace: null } },
      { name: 'moved-on', spec: { targetNamespace: 'prod' }, change: { targetNamespace: 'test' } },
      { name: 'said-where', spec: {}, change: { targetNamespace: 'ops', releaseName: 'said-where' } },
      { name: 'not-deployed', spec: {}, deployed: '', change: { targetNamespace: 'prod', releaseName: 'x' } },
      { name: 'otherwise', spec: { targetNamespace: 'prod', releaseName: 'x' }, change: { timeout: '5m' } },
      { name: 'renamed', spec: {}, change: { releaseName: 'x' } },
      { name: long, spec: {}, change: { releaseName: 'a'.repeat(52) } },
      { name: `${long}1`, spec: {}, change: { releaseName: 'x' } },
      { name: `${long}2`, spec: { releaseName: 'x' }, change: { releaseName: null } },
    ];
    for (const { name, spec, deployed = 'v1', change } of rows) {
      await create(bundle(name, withConverge({ ...account, ...spec })));
      const status = JSON.stringify({ status: { lastAppliedTag: deployed } });
      const old = JSON.parse(
        await must([...patchOf(name), '--subresource=status', '-o', 'json', '-p', status]),
      ) as WerfBundle;
      const changed = { ...old, spec: { ...old.spec, converge: { ...old.spec.converge, ...change } } };
      const problems = judged(changed, old);
      const { stderr } = await kubectl([
        ...patchOf(name),
        '--dry-run=server',
        '-p',
        JSON.stringify({ spec: { converge: change } }),
      ]);
      const title = `${name}: ${JSON.stringify(spec)} → ${JSON.stringify(change)}`;
      t.equal(stderr === '', problems.length === 0, title, { stderr, problems });
      // What the schema sees it says first, in its own words.
      if (stderr.includes(DENIED))
        t.ok(stderr.includes(toldOf(problems)), `${title}: in the same words`, { stderr, problems });
      else if (stderr !== '') t.match(stderr, 'is fixed once something was deployed: it was');
    }
  });

  await t.test('an object that was stored before, with a fault, passes as long as its spec stays', async (t) => {
    const patch = (change: object, ...more: readonly string[]) =>
      kubectl([...patchOf('stored-before'), ...more, '-p', JSON.stringify(change)]);
    t.match(
      await patch({ metadata: { labels: { team: 'shop' }, annotations: { 'werf.io/allow-downgrade': 'true' } } }),
      { code: 0 },
      'labels and annotations',
    );
    t.match(await patch({ status: { phase: 'Failed' } }, '--subresource=status'), { code: 0 }, 'its status');
    const refused = await patch({ spec: { suspend: true } });
    t.match(
      refused.stderr,
      `${DENIED}spec.converge.serviceAccountName: Required value: `,
      'who changes the spec mends it',
    );
    const mended = { spec: { suspend: true, converge: { serviceAccountName: 'deployer' } } };
    t.match(await patch(mended, '--dry-run=server'), { code: 0 });
    await must(['delete', 'wb', 'stored-before', '-n', 'ops', '--wait=false']);
    t.match(await patch({ metadata: { finalizers: null } }), { code: 0 }, 'its finalizer');
    t.match(
      await kubectl(['get', 'wb', 'stored-before', '-n', 'ops']),
      { code: 1, stderr: /NotFound/ },
      'and it is gone',
    );
  });

  await t.test('the controller deploys beside it, and uninstalls', async (t) => {
    const states = await recordWatch(t, fixture, WERFBUNDLES);
    const controller = await fixture.startController({ timeScale: TIME_SCALE });
    await fixture.makeNamespace('beside-policy');
    const scenario = new BundleScenario({ fixture, states, controller }, 'beside-policy');
    await fixture.publish({ repository: 'acme/beside-policy', tag: 'v1.0.0' });
    await scenario.applyBundle('judged', { ...scenario.spec('acme/beside-policy'), deletionPolicy: 'Dismiss' });
    await scenario.synced('judged', 'v1.0.0');
    await scenario.kubectl('delete', 'werfbundle', 'judged', '--wait=false');
    t.equal(
      await eventually(
        () => scenario.bundle('judged'),
        (left) => left === undefined,
        PATIENCE_MS,
      ),
      undefined,
    );
    await controller.stop();
  });

  await t.test('with a webhook that does not answer, and is not waited for, the rules hold all the same', async (t) => {
    await must(
      ['apply', '-f', '-'],
      read('webhook/configurations.yaml').replaceAll('failurePolicy: Fail', 'failurePolicy: Ignore'),
    );
    const names = await must(['get', 'mutatingwebhookconfiguration,validatingwebhookconfiguration', '-o', 'name']);
    t.equal(names.trim().split('\n').length, 2, 'the apiserver is to call a webhook');
    const refused = [
      withConverge({ targetNamespace: 'prod' }),
      withRegistry({ url: 'ghcr.io:99999/a' }),
      withRegistry({ pollInterval: '1s' }),
    ];
    const objects = [{ registry }, ...refused].map((spec, at) => bundle(`dead-${at}`, spec));
    t.match(await ask(objects), [undefined, DENIED, DENIED, 'spec.registry.pollInterval: ']);
  });
});
