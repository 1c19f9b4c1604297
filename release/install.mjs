// Writes install.yaml: the CRD and manifests/default in one file, for `kubectl apply -f`. The same sources give the same bytes.
//   npm run -s build:install -- [--image NAME[:TAG][@DIGEST]] [--output FILE]
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parse, parseAllDocuments, stringify } from 'yaml';

const ROOT = join(import.meta.dirname, '..');
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

/** What is needed first comes first; the apiserver asks the webhook only once all else is there. */
const ORDER = [
  'Namespace',
  'CustomResourceDefinition',
  'ResourceQuota',
  'PodDisruptionBudget',
  'ServiceAccount',
  'ClusterRole',
  'ClusterRoleBinding',
  'Role',
  'RoleBinding',
  'Service',
  'Deployment',
  'MutatingWebhookConfiguration',
  'ValidatingWebhookConfiguration',
];

/** The fields of a kustomization that are understood here. Each object has the namespace written in it, so it is none of them to set. */
const UNDERSTOOD = ['apiVersion', 'kind', 'namespace', 'resources', 'images'];

/** @returns {readonly object[]} what a folder with a kustomization.yaml stands for; its image is not set */
const objectsOf = (folder) => {
  const kustomization = parse(readFileSync(join(folder, 'kustomization.yaml'), 'utf8'));
  const unknown = Object.keys(kustomization).filter((field) => !UNDERSTOOD.includes(field));
  if (unknown.length > 0) throw new Error(`${folder}/kustomization.yaml: ${unknown} is not understood here`);
  return kustomization.resources.flatMap((name) => {
    const path = join(folder, name);
    if (!name.endsWith('.yaml')) return objectsOf(path);
    return parseAllDocuments(readFileSync(path, 'utf8'), { merge: true }).map((document) => document.toJS());
  });
};

const orderOf = ({ kind }) => {
  const order = ORDER.indexOf(kind);
  if (order < 0) throw new Error(`where does a ${kind} stand? ORDER in release/install.mjs has to say it`);
  return order;
};

const withImage = (object, image) => {
  for (const container of object.spec?.template?.spec?.containers ?? []) container.image = image;
  return object;
};

/**
 * Checks the name of an image that was given as an argument.
 * @param {string} text - `NAME[:TAG][@sha256:…]`
 * @returns the same @throws Error when it has neither tag nor digest, or is no image
 */
const imageOf = (text) => {
  const fits =
    /^[a-z0-9.-]+(?::\d+)?(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)+(?::[\w][\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/;
  if (!fits.test(text)) throw new Error(`--image: "${text}" is no image; NAME[:TAG][@sha256:…] is needed`);
  if (!/(:[\w.-]+|@sha256:[0-9a-f]+)$/.test(text))
    throw new Error(`--image: "${text}" has neither tag nor digest: another image may stand there tomorrow`);
  return text;
};

const { values } = parseArgs({
  options: { image: { type: 'string', default: `ghcr.io/werf/werfbundle:${version}` }, output: { type: 'string' } },
});
const image = imageOf(values.image);
const objects = ['manifests/crd', 'manifests/default'].flatMap((folder) => objectsOf(join(ROOT, folder)));
const head = `# werfbundle ${version}: its CRD, and webhook and controller in namespace k8s-werf-operator-go-system.\n`;
const text =
  head +
  objects
    .toSorted((a, b) => orderOf(a) - orderOf(b))
    .map((object) => `---\n${stringify(withImage(object, image), { lineWidth: 0, aliasDuplicateObjects: false })}`)
    .join('');
if (values.output === undefined) process.stdout.write(text);
else writeFileSync(values.output, text);
