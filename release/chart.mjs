// Makes what is generated of charts/werfbundle: the CRD's template from manifests/crd, that of the alerts and a copy of the dashboard from
// manifests/monitoring, that of the admission policy from manifests/admission-policy, README.md from the comments of values.yaml.
// With --check it writes nothing and exits 1 if a file is stale.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMap, parse, parseDocument, stringify } from 'yaml';

const CHART = 'charts/werfbundle';
/** The namespace that the manifests are for. */
const INSTALLED = 'k8s-werf-operator-go-system';
const ROOT = join(import.meta.dirname, '..');
const read = (file) => readFileSync(join(ROOT, file), 'utf8');

/** A value as YAML; no text is folded, and none stands for another one. */
const text = (value) => stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });

const crdTemplate = () => {
  const crd = parse(read('manifests/crd/werfbundles.werf.io.yaml'), { merge: true });
  if (text(crd).includes('{{')) throw new Error('the CRD has "{{", which Helm would read');
  return `{{- /* Generated from manifests/crd by \`npm run generate\`; not to be edited. */}}
{{- if .Values.crds.enabled }}
${text({ apiVersion: crd.apiVersion, kind: crd.kind })}metadata:
  name: ${crd.metadata.name}
  {{- if .Values.crds.keep }}
  annotations:
    helm.sh/resource-policy: keep
  {{- end }}
  {{- with .Values.commonLabels }}
  labels:
    {{- toYaml . | nindent 4 }}
  {{- end }}
${text({ spec: crd.spec })}{{- end }}
`;
};

/** What is to reach Prometheus as it stands, though Helm would read it. */
const escaped = (value) => value.replaceAll('{{', '{{ "{{" }}');

const alertsTemplate = () => {
  const { apiVersion, kind, metadata, spec } = parse(read('manifests/monitoring/alerts.yaml'));
  return `{{- /* Generated from manifests/monitoring by \`npm run generate\`; not to be edited. */}}
{{- if .Values.prometheusRule.enabled }}
${text({ apiVersion, kind })}metadata:
  name: ${metadata.name}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "werfbundle.labels" . | nindent 4 }}
    {{- with .Values.prometheusRule.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
${escaped(text({ spec }))}{{- end }}
`;
};

const admissionPolicyTemplate = () => {
  const [policy, binding] = ['policy', 'binding'].map((file) => parse(read(`manifests/admission-policy/${file}.yaml`)));
  const object = ({ apiVersion, kind, metadata, spec }) => `${text({ apiVersion, kind })}metadata:
  name: ${metadata.name}
  labels:
    {{- include "werfbundle.labels" . | nindent 4 }}
${escaped(text({ spec }))}`;
  const installed = `expression: "'${INSTALLED}'"`;
  const rendered = object(policy).replace(installed, `expression: "'{{ .Release.Namespace }}'"`);
  if (rendered.includes(INSTALLED)) throw new Error(`the policy names ${INSTALLED} elsewhere, too`);
  return `{{- /* Generated from manifests/admission-policy by \`npm run generate\`; not to be edited. */}}
{{- if .Values.admissionPolicy.enabled }}
${rendered}---
${object(binding)}{{- end }}
`;
};

/** The rows of a map of values: each value with a comment `# --`, by its path. @throws Error for a value without one */
const rowsOf = (map, path = '') =>
  map.items.flatMap(({ key, value }) => {
    const name = path === '' ? key.value : `${path}.${key.value}`;
    const comment = (key.commentBefore ?? '').split('\n').map((line) => line.trim());
    const said = comment.findIndex((line) => line.startsWith('-- '));
    if (said >= 0)
      return [{ name, standard: JSON.stringify(value.toJSON()), text: comment.slice(said).join(' ').slice(3) }];
    if (isMap(value) && value.items.length > 0) return rowsOf(withFirstComment(value), name);
    throw new Error(`${CHART}/values.yaml: ${name} has no comment "# -- …"`);
  });

/** The parser keeps the comment before the first key of a map with the map: it is the key's. */
const withFirstComment = (value) => {
  const [first] = value.items;
  if (value.commentBefore !== undefined && first.key.commentBefore === undefined)
    first.key.commentBefore = value.commentBefore;
  return value;
};

const readme = () => {
  const { version } = parse(read(`${CHART}/Chart.yaml`));
  const document = parseDocument(read(`${CHART}/values.yaml`));
  const rows = rowsOf(document.contents).map(
    ({ name, standard, text }) => `| \`${name}\` | \`${standard}\` | ${text} |`,
  );
  return `${read(`${CHART}/README.tmpl`).replaceAll('VERSION', version)}
| Value | Default | Meaning |
|---|---|---|
${rows.join('\n')}
`;
};

const outputs = {
  [`${CHART}/templates/crd.yaml`]: crdTemplate(),
  [`${CHART}/templates/admission-policy.yaml`]: admissionPolicyTemplate(),
  [`${CHART}/templates/prometheus-rule.yaml`]: alertsTemplate(),
  // A chart reaches no file outside its folder.
  [`${CHART}/files/werfbundle.json`]: read('manifests/monitoring/grafana/werfbundle.json'),
  [`${CHART}/README.md`]: readme(),
};

const current = (file) => {
  try {
    return read(file);
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
};

const stale = Object.entries(outputs).filter(([file, text]) => current(file) !== text);
if (process.argv.includes('--check')) {
  for (const [file] of stale) console.error(`${file} is stale: run "npm run generate" and commit the result`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  for (const [file, text] of stale) {
    writeFileSync(join(ROOT, file), text);
    console.log(`wrote ${file}`);
  }
}
