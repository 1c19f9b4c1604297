import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { programsFromDebian } from '../../playground/binaries/debian.js';
import { cacheDir, pathDirs, programIn } from '../../playground/binaries/places.js';

const PROGRAMS = ['prometheus', 'promtool'] as const;

/** Paths of Prometheus' programs, or why they can't be had: what a spec says where it is skipped. */
type PrometheusPrograms =
  | { readonly kind: 'found'; readonly prometheus: string; readonly promtool: string }
  | { readonly kind: 'missing'; readonly why: string };

/** Finds them on the PATH or in the cache; on a Debian they are taken from its own package otherwise. */
export const prometheusPrograms = async (): Promise<PrometheusPrograms> => {
  const there = await look();
  if (there !== undefined) return there;
  const said: string[] = [];
  const { signal } = new AbortController();
  await programsFromDebian({
    package: 'prometheus',
    programs: PROGRAMS,
    cache: cacheDir(process.env),
    env: process.env,
    say: (line) => said.push(line),
    signal,
  });
  const why = ['prometheus and promtool are neither on the PATH nor to be had from Debian here', ...said].join('; ');
  return (await look()) ?? { kind: 'missing', why };
};

const look = async (): Promise<PrometheusPrograms | undefined> => {
  const dirs = [...pathDirs(process.env), cacheDir(process.env)];
  const [prometheus, promtool] = await Promise.all(PROGRAMS.map((name) => programIn(dirs, name)));
  return prometheus === undefined || promtool === undefined ? undefined : { kind: 'found', prometheus, promtool };
};

/** Runs promtool; never throws for what it finds fault with. */
export const runPromtool = async (
  promtool: string,
  args: readonly string[],
): Promise<{ readonly ok: boolean; readonly text: string }> => {
  try {
    const { stdout, stderr } = await promisify(execFile)(promtool, [...args], { timeout: 120_000 });
    return { ok: true, text: `${stdout}${stderr}` };
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as Error & { readonly stdout?: string; stderr?: string };
    return { ok: false, text: `${stdout}${stderr}` || message };
  }
};
