import { X509Certificate } from 'node:crypto';
import t from 'tap';
import { CertificateError } from '../../certs/certificate-error.js';
import { CertificateManager, type Serving } from '../../certs/certificate-manager.js';
import type { Address, Target } from '../../certs/configurations.js';
import { certificatesIn, pemOf } from '../../certs/inspect.js';
import { issueAuthority, issueLeaf, issueLeafUntil } from '../../certs/issue.js';
import { ManagerLoop } from '../../certs/manager-loop.js';
import { scheduleFor } from '../../certs/schedule.js';
import { secretSource } from '../../certs/secret-source.js';
import type { CertificateSource, Offer } from '../../certs/source.js';
import { type KubeClient, KubeError } from '../../kube/client.js';
import { MUTATING_WEBHOOKS, SECRETS, VALIDATING_WEBHOOKS } from '../../kube/resources.js';
import { createFakeClock, settle } from '../kit/fake-clock.js';
import { createFakeKube } from '../kit/fake-kube.js';
import { recordLog } from '../kit/record-log.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 0, 1);
const NAMES = ['werfbundle-webhook.ops.svc'];
const SECRET = { namespace: 'ops', name: 'werfbundle-webhook-certificates' };
const SERVICE: Address = { kind: 'service', namespace: 'ops', name: 'werfbundle-webhook' };
const TARGETS: readonly Target[] = [
  { type: MUTATING_WEBHOOKS, name: 'm', path: '/mutate' },
  { type: VALIDATING_WEBHOOKS, name: 'v', path: '/validate' },
];
const signal = new AbortController().signal;

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** A cluster with our two configurations, and a history of what stood in their caBundles. */
const createWorld = (options: { readonly lookMs?: number } = {}) => {
  const clock = createFakeClock(NOW);
  const kube = createFakeKube({ clock });
  const log = recordLog();
  const schedule = { ...scheduleFor(1), ...options };
  const history = new Map<string, readonly { readonly from: number; readonly trusted: readonly string[] }[]>();
  const bundles = (): readonly (readonly string[])[] =>
    TARGETS.map(({ type, name }) => {
      const { caBundle = '' } = kube.read(type, { name })?.webhooks?.[0]?.clientConfig ?? {};
      return certificatesIn(Buffer.from(caBundle, 'base64').toString());
    });
  const remember = (name: string): void => {
    const trusted = bundles()[TARGETS.findIndex((target) => target.name === name)] ?? [];
    history.set(name, [...(history.get(name) ?? []), { from: clock.now(), trusted }]);
  };
  const overwrite = (caBundle?: string): void => {
    for (const { type, name } of TARGETS) {
      const clientConfig = { service: { namespace: 'x', name: 'x' }, ...(caBundle !== undefined && { caBundle }) };
      kube.seed(type, { metadata: { name }, webhooks: [{ name: 'hook', clientConfig }] });
    }
    // Nobody can serve by a caBundle of somebody else: it is no part of what is promised.
    history.clear();
  };
  overwrite();
  const client: Pick<KubeClient, 'get' | 'mergePatch'> = {
    get: (type, ref, aborted) => kube.get(type, ref, aborted),
    mergePatch: async (type, ref, ...rest) => {
      const written = await kube.mergePatch(type, ref, ...rest);
      remember(ref.name);
      return written;
    },
  };
  const own = () => secretSource({ client: kube, clock, schedule, secret: SECRET, names: NAMES });
  const replica = (source: CertificateSource = own()) => {
    const served: Serving[] = [];
    const manager = new CertificateManager({
      client,
      clock,
      log,
      source,
      schedule,
      targets: TARGETS,
      onServe: (serving) => served.push(serving),
    });
    return { manager, served };
  };
  const start = async (source?: CertificateSource) => {
    const made = replica(source);
    await made.manager.open(signal);
    await made.manager.publish(SERVICE, signal);
    return made;
  };
  return { clock, kube, log, schedule, history, bundles, overwrite, replica, start };
};

/** Deterministic chance. */
const dice = (seed: number) => {
  let state = seed;
  return (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};

t.test('a year with accidents: no apiserver meets a certificate that its caBundle does not cover', async (t) => {
  const world = createWorld({ lookMs: DAY });
  const { clock, kube, history, overwrite, start } = world;
  const uniform = dice(1);
  const replicas = [
    { ...(await start()), next: 0 },
    { ...(await start()), next: 0 },
  ];
  const faults: string[] = [];
  const check = (what: string): void => {
    const now = clock.now();
    const tell = (fault: string) => faults.push(`${what}, ${new Date(now).toISOString()}: ${fault}`);
    // What stood there until less than a minute ago may still be what some apiserver goes by.
    const recent = [...history.values()].flatMap((states) =>
      states.filter((_, index) => (states[index + 1]?.from ?? now) > now - MINUTE),
    );
    for (const { manager } of replicas) {
      const leaf = new X509Certificate(manager.serving?.certificate ?? '');
      const covers = ({ trusted }: { readonly trusted: readonly string[] }) =>
        trusted
          .map((pem) => new X509Certificate(pem))
          .some((root) => leaf.verify(root.publicKey) && Date.parse(root.validTo) > now);
      if (!recent.every(covers)) tell('not covered');
      if (Date.parse(leaf.validTo) <= now) tell('expired');
    }
  };
  const leaves = new Set<string>();
  const authorities = new Set<string>();
  let most = 0;
  for (let look = 0; clock.now() < NOW + 365 * DAY; look += 1) {
    const [turn] = replicas.toSorted((a, b) => a.next - b.next);
    if (turn === undefined) break;
    await clock.advance(Math.max(0, turn.next - clock.now()));
    check('before a look');
    const chance = uniform();
    if (look % 150 === 149) kube.vanish(SECRETS, SECRET);
    else if (chance < 0.03) overwrite(base64('junk'));
    else if (chance < 0.06) kube.failNext({}, () => new KubeError('unavailable', 'no apiserver'), 3);
    else if (chance < 0.09) Object.assign(turn, await start());
    turn.next = clock.now() + (await turn.manager.look(signal)) * (0.9 + 0.2 * uniform());
    check('after a look');
    leaves.add(turn.manager.serving?.fingerprint ?? '');
    for (const pem of world.bundles().flat()) authorities.add(pem);
    most = Math.max(most, ...world.bundles().map(({ length }) => length));
  }
  t.same(faults, []);
  t.ok(leaves.size >= 60, `${leaves.size} leaves were served`);
  t.ok(authorities.size >= 5, `by ${authorities.size} authorities`);
  t.ok(most >= 2 && most <= 6, `at most ${most} of them in a caBundle`);
});

t.test('a year without accidents: 74 leaves, two authorities, and each is written once', async (t) => {
  const { clock, kube, log, start } = createWorld({ lookMs: DAY });
  const replicas = [await start(), await start()];
  while (clock.now() < NOW + 365 * DAY) {
    await clock.advance(DAY - MINUTE);
    for (const { manager } of replicas) {
      let pause = 0;
      for (let again = 0; again < 5 && pause <= MINUTE; again += 1) {
        await clock.advance(pause);
        pause = await manager.look(signal);
      }
    }
  }
  const issued = log.entries.filter(({ message }) => message === 'certificates issued').map(({ fields }) => fields);
  const count = (why: string) => issued.filter((fields) => fields['why'] === why).length;
  t.same(
    [
      count('there are none yet'),
      count('the authority is past two thirds of its life'),
      count('the leaf is by an earlier authority'),
      count('the leaf is past two thirds of its life'),
    ],
    [1, 1, 1, 72],
  );
  t.equal(kube.actions.filter(({ plural }) => plural === 'secrets').length, issued.length, 'no write was in vain');
  t.same(
    replicas.map(({ manager }) => manager.serving),
    [replicas[0]?.manager.serving, replicas[0]?.manager.serving],
    'both serve the same',
  );
  t.notMatch(JSON.stringify(log.entries), /PRIVATE|BEGIN/, 'nothing private is logged');
});

t.test('a new authority, step by step', async (t) => {
  const { clock, kube, bundles, start } = createWorld();
  const first = await start();
  const second = await start();
  const [[old = ''] = []] = bundles();
  t.same(bundles(), [[old], [old]]);
  t.same(first.manager.serving, second.manager.serving, 'the second replica takes what the first one made');
  await clock.advance(244 * DAY);
  // The leaf was renewed all the while; here it would have expired.
  kube.vanish(SECRETS, SECRET);
  const source = secretSource({ client: kube, clock, schedule: scheduleFor(1), secret: SECRET, names: NAMES });
  const before = await source.read(signal);
  await before.issue({ authority: true, leaf: true, pair: { certificate: '', key: '' }, alsoTrusted: [] }, signal);
  await first.manager.look(signal);
  await second.manager.look(signal);
  await clock.advance(MINUTE);
  await first.manager.look(signal);
  await second.manager.look(signal);
  const served = first.manager.serving;
  t.same(second.manager.serving, served);
  const [[present = '', ...earlier] = []] = bundles();
  t.same(earlier, [], 'an authority that nothing of the Secret or of what is served needs is left out');

  await clock.advance(244 * DAY - 6 * DAY);
  const fresh = await issueLeaf(await keyPairOf(kube), NAMES, clock.now());
  const stored = kube.read(SECRETS, SECRET);
  kube.seed(SECRETS, {
    metadata: SECRET,
    data: { ...stored?.data, 'tls.crt': base64(fresh.certificate), 'tls.key': base64(fresh.key) },
  });
  await first.manager.look(signal);
  await second.manager.look(signal);
  t.equal(first.manager.serving?.certificate, fresh.certificate, 'a changed Secret is picked up');
  await clock.advance(6 * DAY - HOUR);
  kube.clearActions();

  await clock.advance(2 * HOUR);
  t.equal(await first.manager.look(signal), MINUTE, '1: the authority is due; a minute is waited for');
  const [[next = ''] = []] = bundles();
  t.same(bundles(), [
    [next, present],
    [next, present],
  ]);
  t.not(next, present, 'the new authority stands beside the old one in each caBundle');
  t.same(
    kube.actions.map(({ verb, plural }) => `${verb} ${plural}`),
    ['replace secrets', 'patch mutatingwebhookconfigurations', 'patch validatingwebhookconfigurations'],
  );
  t.equal(first.manager.serving?.certificate, fresh.certificate, 'the old leaf is served on');

  await clock.advance(30_000);
  t.equal(await second.manager.look(signal), MINUTE, '2: the other replica reads it back half a minute later');
  t.equal(await first.manager.look(signal), 30_000, 'the first goes on waiting');
  await clock.advance(30_000);
  await first.manager.look(signal);
  const swapped = first.manager.serving;
  t.not(swapped?.certificate, fresh.certificate, '3: a minute after it was read back, a leaf by the new one');
  t.ok(new X509Certificate(swapped?.certificate ?? '').verify(new X509Certificate(next).publicKey));
  t.equal(await second.manager.look(signal), 30_000, '4: the other waits until its own minute is over');
  t.equal(second.manager.serving?.certificate, fresh.certificate);
  await clock.advance(30_000);
  await second.manager.look(signal);
  t.same(second.manager.serving, swapped);
});

const keyPairOf = async (kube: ReturnType<typeof createFakeKube>) => {
  const text = (key: string) => Buffer.from(kube.read(SECRETS, SECRET)?.data?.[key] ?? '', 'base64').toString();
  return { certificate: certificatesIn(text('ca.crt'))[0] ?? '', key: text('ca.key') };
};

t.test('it repairs what others change', async (t) => {
  const world = createWorld();
  const { clock, kube, log, bundles, overwrite, start } = world;
  const [first, second] = await Promise.all([start(), start()]);
  t.same(first.manager.serving, second.manager.serving, 'replicas that start at once agree');
  const [[authority = ''] = []] = bundles();

  overwrite(base64('junk'));
  await first.manager.look(signal);
  t.same(bundles(), [[authority], [authority]], 'a caBundle that was overwritten is put back');
  const config = kube.read(MUTATING_WEBHOOKS, { name: 'm' })?.webhooks?.[0]?.clientConfig;
  t.same(
    config?.service,
    { namespace: 'ops', name: 'werfbundle-webhook', path: '/mutate', port: 443 },
    'and the address',
  );
  t.same(first.manager.trusted, [authority]);

  const stranger = (await issueAuthority(clock.now())).certificate.trim();
  overwrite(base64(pemOf([authority, stranger])));
  await second.manager.look(signal);
  t.same(bundles(), [[authority], [authority]], 'an authority that is none of ours is taken out');

  kube.vanish(SECRETS, SECRET);
  kube.clearActions();
  t.equal(await first.manager.look(signal), MINUTE, 'a Secret that was deleted is made anew');
  const [[next = '', ...old] = []] = bundles();
  t.same(old, [authority], 'with a new authority beside the old one');
  t.equal(first.served.length, 1, 'and what is served stays for the time being');
  await clock.advance(MINUTE);
  await first.manager.look(signal);
  await second.manager.look(signal);
  await clock.advance(MINUTE);
  await second.manager.look(signal);
  t.same(first.manager.serving, second.manager.serving);
  t.ok(
    new X509Certificate(first.manager.serving?.certificate ?? '').verify(new X509Certificate(next).publicKey),
    'until each caBundle has the new one for a minute',
  );

  kube.vanish(SECRETS, SECRET);
  const third = await start();
  t.same(
    bundles()[0]?.slice(1),
    [next, authority],
    'a replica that starts without the Secret keeps what others serve by',
  );
  t.equal(third.served.length, 1);

  const quiet = log.entries.length;
  kube.failNext({}, () => new KubeError('unavailable', 'no apiserver'), 9);
  for (let times = 0; times < 3; times += 1)
    t.equal(await third.manager.look(signal), 5000, 'a failure is tried again soon');
  await third.manager.look(signal);
  t.same(
    log.entries.slice(quiet).map(({ level, message, fields }) => [level, message, fields['reason']]),
    [
      ['warn', "can't read the webhook configurations", 'no apiserver'],
      ['warn', "can't read the certificates", 'no apiserver'],
      ['info', 'works again: read the webhook configurations', undefined],
      ['info', 'works again: read the certificates', undefined],
    ],
    'and is told once when it begins, and once when it ends',
  );

  overwrite(base64('junk'));
  kube.failNext({ verb: 'patch' }, () => new KubeError('forbidden', 'patch: forbidden'), 1);
  await third.manager.look(signal);
  t.same(third.manager.trusted, [], 'what can not be put back is not claimed to be there');
  t.match(log.entries.at(-1), { message: "can't publish the certificates", fields: { reason: 'patch: forbidden' } });
  await third.manager.look(signal);
  t.same(third.manager.trusted, bundles()[0]);
});

t.test('bad starts', async (t) => {
  const { kube, replica, start } = createWorld();
  kube.vanish(VALIDATING_WEBHOOKS, { name: 'v' });
  await t.rejects(start(), {
    message: 'ValidatingWebhookConfiguration v does not exist or is empty: apply manifests/webhook first',
  });
  kube.failNext({ verb: 'create' }, new KubeError('forbidden', 'create secrets: forbidden'));
  kube.vanish(SECRETS, SECRET);
  await t.rejects(replica().manager.open(signal), { code: 'forbidden' });
  kube.failNext({ verb: 'create' }, () => new KubeError('already-exists', 'conflict'), 100);
  await t.rejects(replica().manager.open(signal), {
    name: 'CertificateError',
    message: 'the certificates are changed by somebody else again and again',
  });
  const other = createWorld();
  other.kube.failNext({ verb: 'patch' }, () => new KubeError('conflict', 'conflict'), 100);
  await t.rejects(other.start(), { message: "somebody overwrites the webhooks' clientConfig again and again" });
  const injected = { name: 'v', annotations: { 'cert-manager.io/inject-ca-from': 'ops/webhook' } };
  other.kube.seed(VALIDATING_WEBHOOKS, {
    metadata: injected,
    webhooks: [{ name: 'hook', clientConfig: {} }],
  });
  await t.rejects(other.start(), {
    message:
      "ValidatingWebhookConfiguration v has the annotation cert-manager.io/inject-ca-from, so its caBundle is cert-manager's: " +
      'take the annotation away, or give the certificates with --cert-dir',
  });
});

t.test('files given from outside', async (t) => {
  const { clock, kube, log, bundles, start, replica } = createWorld();
  const one = await issueAuthority(NOW);
  const two = await issueAuthority(NOW);
  const offerOf = async (authority: typeof one, until = NOW + 90 * DAY): Promise<Offer> => ({
    ...(await issueLeafUntil({ authority, names: NAMES, now: NOW, until })),
    authorities: [authority.certificate.trim()],
  });
  let files: Offer | string = await offerOf(one);
  const source: CertificateSource = {
    names: NAMES,
    lookMs: 10_000,
    shared: false,
    read: async () => {
      if (typeof files === 'string') throw new CertificateError(files);
      return { offer: files, issuer: { kind: 'theirs' }, issue: () => Promise.resolve(false) };
    },
  };
  const { manager, served } = await start(source);
  const good = files;
  t.same(bundles(), [good.authorities, good.authorities], 'ca.crt is published');

  const quiet = log.entries.length;
  files = '/certs/tls.key: is not the private key of tls.crt';
  t.equal(await manager.look(signal), 5000);
  await manager.look(signal);
  t.same(
    log.entries.slice(quiet).map(({ message, fields }) => [message, fields['reason']]),
    [["can't read the certificates", '/certs/tls.key: is not the private key of tls.crt']],
    'what is wrong is told once',
  );
  t.equal(manager.serving?.certificate, good.certificate, 'and the pair before goes on being served');
  t.equal(served.length, 1);

  files = await offerOf(one);
  await clock.advance(MINUTE);
  t.equal(await manager.look(signal), 10_000);
  t.equal(manager.serving?.certificate, files.certificate, 'another leaf of the same authority is served at once');

  const before = files;
  files = await offerOf(two);
  t.equal(await manager.look(signal), 10_000);
  t.same(
    bundles()[0],
    [two, one].map(({ certificate }) => certificate.trim()),
    'another authority stands beside the old one',
  );
  t.equal(manager.serving?.certificate, before.certificate);
  const behind = replica({
    ...source,
    read: async () => ({ offer: before, issuer: { kind: 'theirs' }, issue: async () => false }),
  });
  await behind.manager.open(signal);
  await behind.manager.publish(SERVICE, signal);
  t.equal(bundles()[0]?.length, 2, 'a replica whose files are older takes nothing away');
  await clock.advance(MINUTE);
  await manager.look(signal);
  t.equal(manager.serving?.certificate, files.certificate, 'and a minute later its leaf is served');

  const annotations = { 'cert-manager.io/inject-ca-from': 'ops/webhook' };
  for (const { type, name } of TARGETS) {
    const clientConfig = { caBundle: base64(pemOf([one.certificate.trim()])) };
    kube.seed(type, {
      metadata: { name, annotations },
      webhooks: [{ name: 'hook', clientConfig }],
    });
  }
  files = await offerOf(one);
  await manager.look(signal);
  t.equal(manager.serving?.certificate, files.certificate, 'what cert-manager injected is what counts');
  t.same(bundles()[0], [one.certificate.trim()], 'and is not written');
});

t.test('the loop looks when it is due, and soon after it was woken', async (t) => {
  const clock = createFakeClock(NOW);
  const looks: number[] = [];
  const manager = {
    look: async () => {
      looks.push(clock.now() - NOW);
      return 60_000;
    },
  };
  const loop = new ManagerLoop({ manager, clock, random: { uniform: () => 0.5 } });
  const ending = new AbortController();
  const ended = loop.run(ending.signal);
  await clock.advance(60_000);
  t.same(looks, [0, 60_000]);
  await clock.advance(10_000);
  loop.wake();
  loop.wake();
  await settle();
  t.equal(looks.length, 2, 'not at once: a folder may be half written');
  await clock.advance(300);
  t.same(looks.slice(2), [70_300], 'one look for a bunch of events');
  await clock.advance(60_000);
  t.same(looks.slice(3), [130_300]);

  // Somebody else who undoes each look's work at once.
  const quarrel = new ManagerLoop({
    manager: {
      look: async () => {
        looks.push(clock.now() - NOW);
        quarrel.wake();
        return 60_000;
      },
    },
    clock,
    random: { uniform: () => 0.5 },
  });
  ending.abort();
  await ended;
  looks.length = 0;
  const quarrelling = new AbortController();
  const over = quarrel.run(quarrelling.signal);
  await clock.advance(HOUR);
  t.ok(looks.length < 80, `a quarrel calms down (${looks.length} looks within an hour)`);
  quarrelling.abort();
  await over;
});
