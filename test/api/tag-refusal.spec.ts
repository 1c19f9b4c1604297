import fc from 'fast-check';
import t from 'tap';
import { admits, type TagPolicy } from '../../api/tag-choice.js';
import { type TagRefusal, tagRefusals } from '../../api/tag-refusal.js';

const ROWS: readonly (readonly [policy: TagPolicy, tag: string, refusal: TagRefusal | undefined])[] = [
  [{ tag: 'v1' }, 'v1', undefined],
  [{ tag: 'v1' }, 'v2', 'other-tag'],
  [{}, 'anything', undefined],
  [{}, 'managed-image-x', 'service'],
  [{ tagPattern: '^main-' }, 'dev-1', 'pattern'],
  [{ tagPattern: '^main-(\\d+)$', tagOrder: 'Number' }, 'main-12', undefined],
  [{ tagPattern: '^main-(.+)$', tagOrder: 'Number' }, 'main-x', 'not-a-number'],
  [{ versionConstraint: '>=1.0.0' }, 'latest', 'not-a-version'],
  [{ versionConstraint: '>=1.0.0' }, 'v0.9.0', 'constraint'],
  [{ versionConstraint: '>=1.0.0' }, 'v1.1.0-rc.1', 'pre-release'],
  [{ versionConstraint: '>=1.0.0' }, 'v0.9.0-rc.1', 'constraint'],
  [{ versionConstraint: '>=1.0.0-0' }, 'v1.1.0-rc.1', undefined],
  [{ versionConstraint: '~1.2', tagPattern: '^v(.*)-prod$' }, 'v1.2.7-prod', undefined],
  [{ versionConstraint: '~1.2', tagPattern: '^v(.*)-prod$' }, 'v1.2.7', 'pattern'],
];

t.test('a tag that is not taken has a reason', async (t) => {
  for (const [policy, tag, refusal] of ROWS)
    t.equal(tagRefusals(policy)(tag), refusal, `${JSON.stringify(policy)}: ${tag}`);
});

t.test('a tag is refused just if it would not be chosen if it were the only one', async (t) => {
  const policies = fc.constantFrom(...ROWS.map(([policy]) => policy));
  const tags = fc.oneof(
    fc.constantFrom(...ROWS.map(([, tag]) => tag)),
    fc.stringMatching(/^(v|main-)?[0-9]{1,2}(\.[0-9]){0,2}(-rc\.[0-9]|-prod)?$/),
  );
  const law = fc.property(
    policies,
    tags,
    (policy, tag) => (tagRefusals(policy)(tag) === undefined) === admits(policy, tag),
  );
  t.doesNotThrow(() => fc.assert(law));
});
