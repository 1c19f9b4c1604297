import { join } from 'node:path';
import { OPERATOR_NAMESPACE, type RunningProgram } from '../operator.js';
import type { Screen } from '../screen/screen.js';
import { shellWord } from '../screen/shell-word.js';
import { DEMO } from '../stage.js';

/** What somebody needs who goes on by hand. */
export interface CardFacts {
  /** The checkout. */
  readonly root: string;
  readonly kubeconfig: string;
  /** Folder with kubectl and werfbundle. */
  readonly tools: string;
  /** Folder of the samples as they are applied. */
  readonly samples: string;
  /** `127.0.0.1:PORT` */
  readonly registryHost: string;
  readonly programs: readonly RunningProgram[];
}

/** The last chapter: where all of it is, and what to try. What is indented deeper can be pasted. */
export const showCard = (screen: Screen, facts: CardFacts): void => {
  screen.heading('Go on by hand');
  screen.say('in another terminal, as long as this one runs:');
  screen.toPaste(['cd', shellWord(facts.root)]);
  screen.toPaste(['export', `KUBECONFIG=${shellWord(facts.kubeconfig)}`]);
  screen.toPaste(['export', `PATH=${shellWord(facts.tools)}:$PATH`]);
  screen.blank();
  for (const line of places(facts)) screen.say(line);
  for (const { what, commands } of tries(facts)) {
    screen.blank();
    screen.say(what);
    for (const command of commands) screen.toPaste(command);
  }
  screen.blank();
  screen.say('Ctrl-C stops everything that was started here');
};

const places = ({ registryHost, samples, programs }: CardFacts): readonly string[] => [
  `namespaces: the bundles\u2019 is ${DEMO}, the operator\u2019s ${OPERATOR_NAMESPACE}`,
  `registry: ${registryHost}, by plain HTTP, open to all`,
  `samples as they were applied: ${samples}`,
  ...programs.map(
    ({ name, logFile, healthPort }) => `${name}: log ${logFile}, metrics http://127.0.0.1:${healthPort}/metrics`,
  ),
  'values guard: with the label werf.io/values=true on a ConfigMap or Secret, kubectl says what a change of it breaks or deploys',
  'what a field means: kubectl explain wb.spec.converge',
];

const tries = ({ registryHost, samples }: CardFacts) => {
  const kubectl = (...words: readonly string[]): readonly string[] => ['kubectl', ...words.map(shellWord)];
  const publish = (tag: string): readonly string[] => [
    'werfbundle',
    'publish',
    'playground/chart',
    `${registryHost}/${DEMO}/${tag}`,
  ];
  const ready = (name: string): readonly string[] =>
    kubectl('wait', `wb/${name}`, '-n', DEMO, '--for=condition=Ready', '--timeout=60s');
  return [
    {
      what: 'to try: publish a chart, and deploy it; another tag like v1.1.0 is found by the next poll',
      commands: [
        publish('web:v1.0.0'),
        kubectl('apply', '-f', join(samples, 'web.yaml')),
        ready('web'),
        kubectl('logs', '-n', DEMO, '-l', 'app.kubernetes.io/instance=web', '--tail=-1'),
      ],
    },
    {
      what: 'to try: mend clumsy, whose chart is broken, by publishing one that is not, under the same tag',
      commands: [publish('clumsy:v1.0.0'), ready('clumsy'), kubectl('get', 'wb', '-n', DEMO)],
    },
    {
      what: 'to try: ask for what can\u2019t work, and be told why it can\u2019t',
      commands: [
        kubectl(
          'patch',
          'wb',
          'shop',
          '-n',
          DEMO,
          '--type',
          'merge',
          '-p',
          '{"spec":{"registry":{"pollInterval":"15"}}}',
        ),
      ],
    },
  ];
};
