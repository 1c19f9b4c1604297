import t from 'tap';
import { isWerfVersion, werfVersionIn } from '../../api/werf-version.js';

const HOST = 'registry.werf.io/werf/werf';
const ROWS: readonly { image: string; werfVersion?: string; want: string }[] = [
  { image: `${HOST}:3.2.0`, want: '3.2.0 objects' },
  { image: `${HOST}:v3.0.1-alpine`, want: '3.0.1 objects' },
  { image: `${HOST}:3-stable`, want: '3 objects' },
  { image: `${HOST}:3`, want: '3 objects' },
  { image: 'localhost:5000/werf:3.2.0@sha256:0000', want: '3.2.0 objects' },
  { image: `${HOST}:2.77.1`, want: '2.77.1 any' },
  { image: `${HOST}:2-stable-alpine`, want: '2 any' },
  { image: `${HOST}:2.53.0`, want: '2.53.0 any' },
  { image: `${HOST}:2.52.9`, want: '2.52.9 none' },
  { image: `${HOST}:1.2-stable`, want: '1.2 none' },
  { image: `${HOST}:4.0.0`, want: 'unknown: werf 4.0.0 is none of the versions that are known: 1.2, 2 and 3' },
  {
    image: `${HOST}:latest`,
    want: `unknown: the tag of image "${HOST}:latest" does not tell which version of werf it has`,
  },
  { image: HOST, want: `unknown: the tag of image "${HOST}" does not tell which version of werf it has` },
  {
    image: `${HOST}@sha256:0000`,
    want: `unknown: the tag of image "${HOST}@sha256:0000" does not tell which version of werf it has`,
  },
  {
    image: 'localhost:5000/werf',
    want: 'unknown: the tag of image "localhost:5000/werf" does not tell which version of werf it has',
  },
  {
    image: `${HOST}:stable-3`,
    want: `unknown: the tag of image "${HOST}:stable-3" does not tell which version of werf it has`,
  },
  { image: 'platform/werf:pinned', werfVersion: '3.2.0', want: '3.2.0 objects' },
  {
    image: 'platform/werf:pinned',
    werfVersion: '4.1',
    want: 'unknown: werf 4.1 is none of the versions that are known: 1.2, 2 and 3',
  },
  { image: `${HOST}:2.77.1`, werfVersion: '3.2.0', want: '2.77.1 any' },
];

t.test(
  'which werf runs is told by the flag, of the platform\u2019s image, or by the tag; else it is not known',
  (t) => {
    for (const { image, werfVersion, want } of ROWS) {
      const version = werfVersionIn(image, { werfImage: 'platform/werf:pinned', werfVersion });
      const told = version.kind === 'known' ? `${version.text} ${version.plan}` : `unknown: ${version.why}`;
      t.equal(told, want, `${image} ${werfVersion ?? ''}`);
    }
    t.same(['3.2.0', 'v2.77.1', '2', 'latest', '', '3.2.0.1'].map(isWerfVersion), [
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
    t.end();
  },
);
