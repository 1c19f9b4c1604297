import { stringify } from 'yaml';

/** How the deployment of a chart ends: with a real werf by its templates, with the stand-in by the annotation in Chart.yaml. */
export type Fate =
  | 'deployed'
  /** A template requires a value that is missing. */
  | 'template'
  /** A Job before the release fails. */
  | 'hook'
  /** A Deployment never becomes ready, since no node fits. */
  | 'unready'
  /** Rendering takes more memory than a Job with 256 MiB has, and less than 512 MiB: if need be, than a doubled limit. */
  | 'oom';

/** A chart as `publishBundle` takes it. */
export interface DemoChart {
  readonly name: string;
  readonly version: string;
  readonly files: Readonly<Record<string, string>>;
}

/** The annotation that tells the stand-in for werf how to behave. */
const BEHAVIOUR = 'playground.werf.io/behaviour';

/** What the stand-in takes for it, besides some 80 MiB of its own. */
const HUNGER = 'memory: 280';

const CONFIG_MAP = `apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
data:
  chart: {{ .Chart.Name }}
  version: {{ .Chart.Version | quote }}
`;

/** No image is pulled in the playground: its node agent runs the command on this machine. */
const deployment = (more: string): string => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: {{ int .Values.app.replicas }}
  selector:
    matchLabels: {app: {{ .Release.Name }}}
  template:
    metadata:
      labels: {app: {{ .Release.Name }}}
    spec:
${more}      terminationGracePeriodSeconds: 1
      containers:
      - name: web
        image: busybox:1.37
        command: [sleep, infinity]
        resources:
          limits: {cpu: 50m, memory: 32Mi}
`;

const HOOK = `apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    helm.sh/hook: pre-install,pre-upgrade
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: migrate
        image: busybox:1.37
        command: [sh, -c, "exit 3"]
        resources:
          limits: {cpu: 50m, memory: 32Mi}
`;

const MORE: Readonly<Record<Fate, Readonly<Record<string, string>>>> = {
  deployed: { 'templates/web.yaml': deployment('') },
  template: { 'templates/broken.yaml': `${CONFIG_MAP}  deep: {{ .Values.nothere.deep.er }}\n` },
  hook: { 'templates/migrate.yaml': HOOK },
  unready: { 'templates/web.yaml': deployment('      nodeSelector: {playground.werf.io/node: none}\n') },
  oom: { 'templates/enormous.yaml': '{{- $text := repeat 280000000 "x" }}\n# {{ len $text }}\n' },
};

/** A small chart that really can be deployed: a ConfigMap, and what its fate asks for. */
export const demoChart = (of: { readonly name: string; readonly version: string; readonly fate?: Fate }): DemoChart => {
  const { name, version, fate = 'deployed' } = of;
  const annotations = fate === 'deployed' ? {} : { annotations: { [BEHAVIOUR]: fate === 'oom' ? HUNGER : fate } };
  return {
    name,
    version,
    files: {
      'Chart.yaml': stringify({ apiVersion: 'v2', name, version, type: 'application', ...annotations }),
      'values.yaml': 'app:\n  replicas: 1\n',
      'templates/config.yaml': CONFIG_MAP,
      ...MORE[fate],
    },
  };
};
