import t from 'tap';
import type { Told } from '../../receiver/senders/sender.js';
import { SENDERS, type SenderType } from '../../receiver/senders/sender-table.js';
import * as sent from './payloads.js';

const pushed = (changes: Partial<Extract<Told, { kind: 'pushed' }>> = {}): Told => ({
  kind: 'pushed',
  repositories: ['acme/shop'],
  below: false,
  at: sent.PUSHED_AT,
  ...changes,
});
const [event] = sent.distributionPush.events;
const layer = { ...event, target: { ...event?.target, tag: undefined } };

const TABLE: readonly {
  readonly type: SenderType;
  readonly title: string;
  readonly body: unknown;
  readonly event?: string;
  readonly told: Told | Told['kind'];
}[] = [
  { type: 'Distribution', title: 'a manifest got a tag', body: sent.distributionPush, told: pushed() },
  { type: 'Distribution', title: 'a layer was pushed', body: { events: [layer] }, told: 'other' },
  { type: 'Distribution', title: 'a pull', body: { events: [{ ...event, action: 'pull' }] }, told: 'other' },
  {
    type: 'Distribution',
    title: 'several pushes are as new as the newest',
    body: {
      events: [event, { ...event, timestamp: '2020-01-01T00:00:00Z', target: { tag: 'v1', repository: 'acme/b' } }],
    },
    told: pushed({ repositories: ['acme/shop', 'acme/b'] }),
  },
  { type: 'Distribution', title: 'no events', body: {}, told: 'malformed' },
  { type: 'Distribution', title: 'no time', body: { events: [{ ...event, timestamp: 'now' }] }, told: 'malformed' },
  { type: 'Distribution', title: 'events that are none', body: { events: [1, null] }, told: 'malformed' },
  { type: 'Harbor', title: 'a push', body: sent.harborPush, told: pushed() },
  { type: 'Harbor', title: 'a push as CloudEvent', body: sent.harborCloudEvent, told: pushed() },
  { type: 'Harbor', title: 'a scan', body: { ...sent.harborPush, type: 'SCANNING_COMPLETED' }, told: 'other' },
  { type: 'Harbor', title: 'no type', body: [sent.harborPush], told: 'malformed' },
  { type: 'Harbor', title: 'no time', body: { ...sent.harborPush, occur_at: undefined }, told: 'malformed' },
  { type: 'GitHub', title: 'a package', body: sent.githubPush, event: 'package', told: pushed() },
  {
    type: 'GitHub',
    title: 'a package by its older name',
    body: { action: 'updated', registry_package: sent.githubPush.package },
    event: 'registry_package',
    told: pushed(),
  },
  {
    type: 'GitHub',
    title: 'a test of the webhook',
    body: { zen: 'Keep it logically awesome.' },
    event: 'ping',
    told: 'other',
  },
  {
    type: 'GitHub',
    title: 'a package of npm',
    body: { action: 'published', package: { ...sent.githubPush.package, package_type: 'NPM' } },
    event: 'package',
    told: 'other',
  },
  { type: 'GitHub', title: 'no header with the event', body: sent.githubPush, told: 'malformed' },
  { type: 'GitLab', title: 'a pipeline', body: sent.gitlabPipeline, told: pushed({ below: true }) },
  { type: 'GitLab', title: 'a job', body: sent.gitlabJob, told: pushed({ below: true }) },
  { type: 'GitLab', title: 'a job that failed', body: { ...sent.gitlabJob, build_status: 'failed' }, told: 'other' },
  { type: 'GitLab', title: 'a push to git', body: { object_kind: 'push' }, told: 'other' },
  { type: 'GitLab', title: 'no time', body: { ...sent.gitlabJob, build_finished_at: null }, told: 'malformed' },
  { type: 'DockerHub', title: 'a push', body: sent.dockerHubPush, told: pushed() },
  { type: 'DockerHub', title: 'no repository', body: { push_data: sent.dockerHubPush.push_data }, told: 'malformed' },
  { type: 'Quay', title: 'a push, which says no time', body: sent.quayPush, told: pushed({ at: undefined }) },
  {
    type: 'Quay',
    title: 'a push of older versions',
    body: { ...sent.quayPush, updated_tags: { latest: 'b750' } },
    told: pushed({ at: undefined }),
  },
  { type: 'Quay', title: 'a scan', body: { ...sent.quayPush, updated_tags: undefined }, told: 'other' },
  { type: 'ACR', title: 'a push', body: sent.acrPush, told: pushed() },
  { type: 'ACR', title: 'a push of a chart', body: { ...sent.acrPush, action: 'chart_push' }, told: pushed() },
  { type: 'ACR', title: 'a test of the webhook', body: { id: 'x', action: 'ping' }, told: 'other' },
  { type: 'ECR', title: 'a push', body: sent.ecrPush, told: pushed() },
  {
    type: 'ECR',
    title: 'a push that failed',
    body: { ...sent.ecrPush, detail: { ...sent.ecrPush.detail, result: 'FAILURE' } },
    told: 'other',
  },
  { type: 'ECR', title: 'an event of something else', body: { ...sent.ecrPush, source: 'aws.s3' }, told: 'malformed' },
  { type: 'Generic', title: 'a push', body: sent.genericPush, told: pushed() },
  { type: 'Generic', title: 'a field too many', body: { ...sent.genericPush, tag: 'v1' }, told: 'malformed' },
  {
    type: 'Generic',
    title: 'a time of no zone, which is another moment elsewhere',
    body: { ...sent.genericPush, time: '2026-11-30 09:00:00' },
    told: 'malformed',
  },
  { type: 'Generic', title: 'no time', body: { repository: 'acme/shop' }, told: 'malformed' },
];

t.test('what senders tell of', async (t) => {
  for (const { type, title, body, event = '', told } of TABLE) {
    const read = SENDERS[type].read(body, event);
    const seen = typeof told === 'string' ? read.kind : read;
    t.strictSame(seen, told, `${type}: ${title}`);
  }
});

t.test('every sender tells of a push, and takes nothing for one that is none', async (t) => {
  const nothing: readonly unknown[] = [null, 1, 'text', [], {}, { events: null }, { type: {} }, { package: [] }];
  for (const [type, sender] of Object.entries(SENDERS)) {
    t.ok(
      TABLE.some((row) => row.type === type && typeof row.told !== 'string'),
      `${type} has a push`,
    );
    for (const body of nothing) t.not(sender.read(body, 'package').kind, 'pushed', `${type}: ${JSON.stringify(body)}`);
  }
});
