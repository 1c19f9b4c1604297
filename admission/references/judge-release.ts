import type { ObjectMeta } from '../../api/objects.js';
import { invalid } from '../../api/validate/wording.js';
import { denied, type Finding, noted, unchecked } from './finding.js';
import type { LookupTime } from './lookup-time.js';
import type { Holder, Releases } from './releases.js';
import type { Subject } from './subject.js';

const FIELD = 'spec.converge.releaseName';

interface ReleaseNeeds {
  readonly releases: Releases;
  readonly time: LookupTime;
  /** Whether the user may know of this bundle. */
  readonly maySee: (holder: Holder) => Promise<boolean>;
}

/** Whether another bundle has the release: two of them would undo each other's deployments. The older one keeps it. */
export const judgeRelease = async (
  needs: ReleaseNeeds,
  { own, place }: Subject,
  metadata: ObjectMeta,
): Promise<readonly Finding[]> => {
  if (place === undefined) return [];
  const what = `release ${JSON.stringify(place.release)} in namespace ${JSON.stringify(place.namespace)}`;
  const holders = await holdersOf(needs, place);
  if (holders === undefined) return [unchecked(FIELD, what, 'the WerfBundles of the cluster are not listed yet')];
  const others = holders.filter(({ namespace, name }) => namespace !== own || name !== metadata.name);
  const older = others.filter((other) => isOlder(other, metadata));
  const [first] = older.length > 0 ? older.toSorted(byAge) : others.toSorted(byAge);
  if (first === undefined) return [];
  const age = older.length > 0 ? 'older' : 'younger';
  const name = (await needs.maySee(first)) ? `the ${age} WerfBundle ${first.namespace}/${first.name}` : undefined;
  const words = `${what} belongs to ${name ?? `${age === 'older' ? 'an' : 'a'} ${age} WerfBundle of another namespace`}`;
  if (age === 'older') return [denied(invalid(FIELD, place.release, `${words}; a releaseName of its own is needed`))];
  return [noted(FIELD, `${words}, which is no longer deployed once this one is`)];
};

const holdersOf = async (
  { releases, time }: ReleaseNeeds,
  place: NonNullable<Subject['place']>,
): Promise<readonly Holder[] | undefined> => {
  try {
    return await releases.holders(place, time.signal);
  } catch (error) {
    if (!time.signal.aborted) throw error;
    return undefined;
  }
};

/** Of two that were made within one second, the uid decides: the same one for everybody who asks. */
const byAge = (a: Holder, b: Holder): number => compare(a.createdAt, b.createdAt) || compare(a.uid, b.uid);

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/** What is only being created is younger than all that exist. */
const isOlder = (other: Holder, { uid, creationTimestamp }: ObjectMeta): boolean =>
  uid === undefined ||
  creationTimestamp === undefined ||
  byAge(other, { namespace: '', name: '', uid, createdAt: creationTimestamp }) < 0;
