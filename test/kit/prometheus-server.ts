import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Test } from 'tap';
import { stringify } from 'yaml';
import { holdPort } from '../../playground/control-plane/held-ports.js';
import { superviseProcess } from '../../playground/control-plane/supervised-process.js';
import { eventually } from './eventually.js';

/** A process that is scraped, by the labels that a PodMonitor would give its series. */
export interface Target {
  readonly job: string;
  readonly pod: string;
  readonly healthPort: number | string;
}

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [time: number, value: string];
}

/** A real Prometheus that scrapes and judges each second. */
export interface PrometheusServer {
  /** Judges by a rules file from now on, as YAML would have it. */
  judgeBy(rules: object): Promise<void>;
  /** Scrapes these from now on, and no others; it takes some seconds. */
  scrape(targets: readonly Target[]): Promise<void>;
  /** Each alert that has fired so far, with the labels of each of its series. */
  readonly fired: ReadonlyMap<string, readonly Readonly<Record<string, string>>[]>;
  /** What it has to say of the rules: an error each. */
  ruleErrors(): Promise<readonly string[]>;
  /** How many targets answer. */
  up(): Promise<number>;
  query(expr: string): Promise<readonly Series[]>;
}

/** Starts it in a folder of its own on 127.0.0.1, without rules and targets; it ends with the spec file. */
export const startPrometheus = async (
  t: Test,
  { program, dir }: { readonly program: string; readonly dir: string },
): Promise<PrometheusServer> => {
  await mkdir(dir);
  const [config, targetsFile] = [join(dir, 'prometheus.yaml'), join(dir, 'targets.json')];
  const every = { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' };
  const scraped = { job_name: 'programs', honor_labels: true, file_sd_configs: [{ files: [targetsFile] }] };
  await writeFile(config, stringify({ global: every, rule_files: ['rules-*.yaml'], scrape_configs: [scraped] }));
  const scrape = async (targets: readonly Target[]): Promise<void> => {
    const list = targets.map(({ healthPort, ...labels }) => ({ targets: [`127.0.0.1:${healthPort}`], labels }));
    // It watches the folder, and would read half a file.
    await writeFile(`${targetsFile}.new`, JSON.stringify(list));
    await rename(`${targetsFile}.new`, targetsFile);
  };
  await scrape([]);
  const held = await holdPort(0);
  const address = `127.0.0.1:${held.port}`;
  await held.release();
  const server = superviseProcess({
    name: 'prometheus',
    command: [
      program,
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(dir, 'data')}`,
      `--web.listen-address=${address}`,
    ],
    cwd: dir,
    env: {},
    logFile: join(dir, 'prometheus.log'),
  });
  t.teardown(() => server.stop({ signal: 'SIGKILL', patienceMs: 0 }));
  const ask = async <Data>(path: string): Promise<Data> => {
    const answer = await fetch(`http://${address}/api/v1/${path}`);
    const { status, error, data } = (await answer.json()) as { status: string; error?: string; data: Data };
    if (status !== 'success') throw new Error(`Prometheus: ${error}`);
    return data;
  };
  const isReady = () =>
    fetch(`http://${address}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  if (!(await eventually(isReady, (ready) => ready))) throw new Error(`prometheus: ${await server.logEnd()}`);
  return {
    scrape,
    judgeBy: async (rules) => {
      await writeFile(join(dir, 'rules-1.yaml'), stringify(rules));
      server.send('SIGHUP');
      const groups = async () => (await ask<Groups>('rules')).groups.length;
      if ((await eventually(groups, (count) => count > 0)) === 0) throw new Error(await server.logEnd());
    },
    fired: followAlerts(t, () => ask('alerts')),
    ruleErrors: async () => {
      const { groups } = await ask<Groups>('rules');
      return groups.flatMap(({ rules: all }) =>
        all.flatMap(({ name, lastError }) => (lastError ? [`${name}: ${lastError}`] : [])),
      );
    },
    up: async () => {
      const { activeTargets } = await ask<{ readonly activeTargets: readonly { readonly health: string }[] }>(
        'targets',
      );
      return activeTargets.filter(({ health }) => health === 'up').length;
    },
    query: async (expr) => {
      const { result } = await ask<{ readonly result: readonly Series[] }>(`query?query=${encodeURIComponent(expr)}`);
      return result;
    },
  };
};

interface Groups {
  readonly groups: readonly { readonly rules: readonly { readonly name: string; readonly lastError?: string }[] }[];
}

interface Alerts {
  readonly alerts: readonly { readonly state: string; readonly labels: Readonly<Record<string, string>> }[];
}

/** Asks again and again for what fires, until the spec file ends. */
const followAlerts = (t: Test, ask: () => Promise<Alerts>): PrometheusServer['fired'] => {
  const fired = new Map<string, readonly Readonly<Record<string, string>>[]>();
  const look = async (): Promise<void> => {
    const { alerts } = await ask();
    for (const { state, labels } of alerts) {
      const { alertname = '' } = labels;
      const known = fired.get(alertname) ?? [];
      const isNew = !known.some((one) => isDeepStrictEqual(one, labels));
      if (state === 'firing' && isNew) fired.set(alertname, [...known, labels]);
    }
  };
  // It may just be ending.
  const timer = setInterval(() => void look().catch(() => {}), 500);
  t.teardown(() => clearInterval(timer));
  return fired;
};
